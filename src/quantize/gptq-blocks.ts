import type { Affine } from './affine.js';
import { type GptqOptions, gptq, type Hessian, hessianOf, outputError } from './gptq.js';
import { groupSizeOf, type Matrix, type MatrixOptions, matrixAffines, type QuantizedMatrix, quantizeMatrix } from './matrix.js';
import type { ProductBlock } from './statistics.js';

/** Where a block of products lies in a matrix: the rows of its group, and its columns. */
interface Place {
  readonly firstRow: number;
  readonly rows: number;
  readonly from: number;
  readonly to: number;
}

const placeOf = ({ group, from, to }: ProductBlock, rows: number, groups: number): Place => ({
  firstRow: (group * rows) / groups,
  rows: rows / groups,
  from,
  to,
});

const groupsOf = (blocks: readonly ProductBlock[]): number => 1 + Math.max(...blocks.map(({ group }) => group));

const partOf = ({ columns, data }: Matrix, { firstRow, rows, from, to }: Place): Matrix => {
  const width = to - from;
  const part = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const start = (firstRow + r) * columns;
    part.set(data.subarray(start + from, start + to), r * width);
  }
  return { rows, columns: width, data: part };
};

/**
 * GPTQ block by block: the rows of each group of a convolution, which see inputs of their own, and ranges of columns
 * where there are very many. Scales are those of the whole matrix. One result for each of the options.
 */
export const gptqBlocks = (
  exact: Matrix,
  choices: readonly MatrixOptions[],
  blocks: readonly ProductBlock[],
  options: GptqOptions,
  what: string,
): QuantizedMatrix[] => {
  const wholes = choices.map((matrixOptions) => {
    const affines = matrixAffines(exact, matrixOptions, what);
    return { matrixOptions, affines, result: quantizeMatrix(exact, matrixOptions, what, affines) };
  });
  for (const block of blocks) {
    const place = placeOf(block, exact.rows, groupsOf(blocks));
    const hessian = hessianOf(block.sums, place.to - place.from, options, what);
    for (const whole of wholes) quantizePart(exact, place, hessian, whole, options, what);
  }
  return wholes.map(({ result }) => result);
};

interface Whole {
  readonly matrixOptions: MatrixOptions;
  readonly affines: Affine[];
  readonly result: QuantizedMatrix;
}

const quantizePart = (
  exact: Matrix,
  place: Place,
  hessian: Hessian,
  { matrixOptions, affines, result }: Whole,
  options: GptqOptions,
  what: string,
): void => {
  const size = groupSizeOf(exact, matrixOptions.granularity);
  // The scales of the block's rows, of the groups that lie in its columns.
  const [first, count] = [Math.floor(place.from / size), Math.ceil((place.to - place.from) / size)];
  const places = Array.from({ length: place.rows * count }, (_, i) => {
    const row = place.firstRow + Math.floor(i / count);
    return affines.length === 1 ? 0 : row * result.groups + first + (i % count);
  });
  const own = affines.length === 1 ? affines : places.map((at) => affines[at] as Affine);
  const leastScales = matrixOptions.leastScales?.subarray(place.firstRow, place.firstRow + place.rows);
  const rounded = gptq(partOf(exact, place), hessian, { ...matrixOptions, leastScales }, options, what, own);
  // Some were renewed on the way.
  if (affines.length > 1) places.forEach((at, i) => (affines[at] = own[i] as Affine));
  const width = place.to - place.from;
  for (let r = 0; r < place.rows; r++) {
    const row = rounded.integers.subarray(r * width, (r + 1) * width);
    result.integers.set(row, (place.firstRow + r) * exact.columns + place.from);
  }
};

/** Mean squared error of an output, inputs of different blocks taken as unrelated. */
export const blocksError = (exact: Matrix, rounded: Matrix, blocks: readonly ProductBlock[], count: number): number => {
  const groups = groupsOf(blocks);
  const errors = blocks.map((block) => {
    const place = placeOf(block, exact.rows, groups);
    return outputError(partOf(exact, place), partOf(rounded, place), block.sums, count);
  });
  return errors.reduce((a, b) => a + b, 0) / groups;
};
