import { matmul } from './matmul.js';
import { at, f32, quantized } from './quantize.js';
import { forEachIndex, type Reference, type RefOutput, type RefTensor } from './reference.js';

/** The matrix less its zero points: one number, or one for each row (of A) or column (of B). */
export const lessZeroPoint = (matrix: RefTensor, zero: RefTensor | undefined, axis: 'rows' | 'columns'): RefTensor => {
  const { shape } = matrix;
  const data = matrix.data.slice();
  forEachIndex(shape, (index, i) => {
    data[i] = (data[i] as number) - at(zero, shape.length > 1 ? (index.at(axis === 'rows' ? -2 : -1) as number) : 0);
  });
  return { ...matrix, data };
};

const integerProduct = (a: RefTensor, aZero: RefTensor | undefined, b: RefTensor, bZero: RefTensor | undefined, y: RefOutput) =>
  (matmul([lessZeroPoint(a, aZero, 'rows'), lessZeroPoint(b, bZero, 'columns')], {}, [y])[0] as Float64Array).map((v) => v | 0);

/** Y = (A - a_zero_point) * (B - b_zero_point), which wraps around in 32 bits */
export const matmulInteger: Reference = ([a, b, aZero, bZero], _, [output]) => [
  integerProduct(a as RefTensor, aZero, b as RefTensor, bZero, output as RefOutput),
];

/** y = saturate(round(a_scale * b_scale / y_scale * ((A - a_zero_point) * (B - b_zero_point) + bias)) + y_zero_point) */
export const qlinearMatmul: Reference = ([a, aScale, aZero, b, bScale, bZero, yScale, yZero, bias], { bounds }, [output]) => {
  const sums = integerProduct(a as RefTensor, aZero, b as RefTensor, bZero, output as RefOutput);
  const columns = b!.shape.length > 1 ? (b!.shape.at(-1) as number) : 1;
  const rows = a!.shape.length > 1 ? (a!.shape.at(-2) as number) : 1;
  const y = sums.map((sum, i) => {
    const scale = f32(at(aScale, Math.floor(i / columns) % rows) * at(bScale, i % columns));
    return quantized(
      f32(f32((sum + at(bias, i % columns)) | 0) * f32(scale / at(yScale, 0))),
      at(yZero, 0),
      output!.dtype,
      bounds,
    );
  });
  return [y];
};
