import type { Matrix } from './matrix.js';
import type { ColumnStatistics } from './statistics.js';

/**
 * Bias correction (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section
 * 4.2, with measured means): rounding the weights shifts the mean of output r by (Wq - W)_r E[x], which is taken off
 * the bias.
 */
export const correctBias = (
  bias: Float64Array,
  exact: Matrix,
  rounded: Matrix,
  { mean }: Pick<ColumnStatistics, 'mean'>,
): Float64Array => {
  const { rows, columns } = exact;
  const rowsPerGroup = rows / mean.length;
  return bias.map((b, r) => {
    const x = mean[Math.floor(r / rowsPerGroup)] as Float64Array;
    let shift = 0;
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      shift += ((rounded.data[at] as number) - (exact.data[at] as number)) * (x[c] as number);
    }
    return b - shift;
  });
};
