import { TilewiseError } from '../errors.js';
import { type Affine, affineOf, dequantize, integersOf, type QuantizedType, quantize, type Range, rangeOf } from './affine.js';

/** Weights as a linear layer sees them: a row for each output, a column for each number that it is made of. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
}

/** Which weights share a scale: all, those of an output, or that many neighbours of a row. */
export type Granularity = 'tensor' | 'channel' | number;

export interface MatrixOptions {
  readonly type: QuantizedType;
  readonly granularity: Granularity;
  readonly symmetric: boolean;
  /** 'min-max' represents every weight; 'mse' clips where that makes the sum of squared errors smaller. */
  readonly clip?: 'min-max' | 'mse';
  /** Scales of a row are at least this, one number a row. A scale for all is at least the largest. */
  readonly leastScales?: Float64Array | undefined;
}

/** A quantized matrix: integers [rows, columns], and scales and zero points for each group of `groupSize` columns. */
export interface QuantizedMatrix {
  readonly type: QuantizedType;
  readonly rows: number;
  readonly columns: number;
  readonly integers: Int32Array;
  /** Columns that share a scale; the last group of a row may be shorter. */
  readonly groupSize: number;
  /** Groups in a row. */
  readonly groups: number;
  /** [rows, groups], or one for the whole matrix. */
  readonly affines: readonly Affine[];
  /** True where all zero points are 0 (the middle of an unsigned type). */
  readonly symmetric: boolean;
}

export const groupSizeOf = ({ columns }: Matrix, granularity: Granularity): number => {
  if (typeof granularity !== 'number') return Math.max(1, columns);
  if (Number.isInteger(granularity) && granularity > 0) return granularity;
  throw new TilewiseError('invalid-argument', `a group must have a whole number of weights, got ${granularity}`);
};

/** The place of the scale of row r, column c in `affines`. */
export const affineAt = ({ affines, groups, groupSize }: QuantizedMatrix, r: number, c: number): Affine =>
  affines[affines.length === 1 ? 0 : r * groups + Math.floor(c / groupSize)] as Affine;

/** Scales for the groups of a matrix. `what` names it in errors. */
export const matrixAffines = (matrix: Matrix, options: MatrixOptions, what: string): Affine[] => {
  const { rows, columns, data } = matrix;
  if (options.granularity === 'tensor')
    return [atLeast(groupAffine(data, options, what), Math.max(0, ...(options.leastScales ?? [])))];
  const size = groupSizeOf(matrix, options.granularity);
  const groups = Math.ceil(columns / size);
  const affines = Array.from({ length: rows * groups }, (_, i) => {
    const start = Math.floor(i / groups) * columns;
    const from = (i % groups) * size;
    return groupAffine(data.subarray(start + from, start + Math.min(columns, from + size)), options, what);
  });
  return withoutEmpty(affines, matrix, size).map((affine, i) =>
    atLeast(affine, options.leastScales?.[Math.floor(i / groups)] ?? 0),
  );
};

const atLeast = (affine: Affine, scale: number): Affine =>
  affine.scale >= scale ? affine : { ...affine, scale: Math.fround(scale) };

/**
 * A group of zeros alone could have any scale: it takes the smallest of the others, so that what is measured in
 * multiples of it (a bias) keeps its precision.
 */
const withoutEmpty = (affines: readonly Affine[], { columns, data }: Matrix, size: number): Affine[] => {
  const groups = Math.ceil(columns / size);
  const isEmpty = affines.map((_, i) => {
    const from = Math.floor(i / groups) * columns + (i % groups) * size;
    const to = Math.min(Math.floor(i / groups) * columns + columns, from + size);
    return data.subarray(from, to).every((w) => w === 0);
  });
  const least = affines.reduce((s, { scale }, i) => (isEmpty[i] ? s : Math.min(s, scale)), Number.POSITIVE_INFINITY);
  return affines.map((affine, i) => (isEmpty[i] && Number.isFinite(least) ? { ...affine, scale: least } : affine));
};

const groupAffine = (
  numbers: Float64Array,
  { type, symmetric, clip = 'min-max' }: Omit<MatrixOptions, 'granularity'>,
  what: string,
): Affine => {
  const range = rangeOf(numbers, what);
  const whole = affineOf(range, type, symmetric);
  return clip === 'min-max' ? whole : bestClip(numbers, range, type, symmetric);
};

/** The affine of the shrunken range whose squared error is least: from the whole range down to 40 % of it. */
const bestClip = (numbers: Float64Array, [low, high]: Range, type: QuantizedType, symmetric: boolean): Affine => {
  let best = affineOf([low, high], type, symmetric);
  let least = squaredError(numbers, best, type, symmetric);
  for (let shrink = 0.97; shrink > 0.4; shrink -= 0.03) {
    const affine = affineOf([low * shrink, high * shrink], type, symmetric);
    const error = squaredError(numbers, affine, type, symmetric);
    if (error < least) [best, least] = [affine, error];
  }
  return best;
};

const squaredError = (numbers: Float64Array, affine: Affine, type: QuantizedType, symmetric: boolean): number => {
  let sum = 0;
  for (const x of numbers) sum += (dequantize(quantizeWeight(x, affine, type, symmetric), affine) - x) ** 2;
  return sum;
};

/** Weight as integer, kept within the symmetric range where the scale was made for it. */
export const quantizeWeight = (w: number, affine: Affine, type: QuantizedType, symmetric: boolean): number =>
  Math.max(quantize(w, affine, type), integersOf(type, symmetric)[0]);

/** Rounds every weight to the nearest step of its group (RTN). `affines` overrides the scales from the weights. */
export const quantizeMatrix = (
  matrix: Matrix,
  options: MatrixOptions,
  what: string,
  affines: readonly Affine[] = matrixAffines(matrix, options, what),
): QuantizedMatrix => {
  const { rows, columns, data } = matrix;
  const { type, symmetric } = options;
  const groupSize = groupSizeOf(matrix, options.granularity);
  const integers = new Int32Array(rows * columns);
  const result = { type, rows, columns, integers, groupSize, groups: Math.ceil(columns / groupSize), affines, symmetric };
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      integers[at] = quantizeWeight(data[at] as number, affineAt(result, r, c), type, symmetric);
    }
  }
  return result;
};

/** The weights that a quantized matrix stands for. */
export const dequantizeMatrix = (quantized: QuantizedMatrix): Matrix => {
  const { rows, columns, integers } = quantized;
  const data = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const at = r * columns + c;
      data[at] = dequantize(integers[at] as number, affineAt(quantized, r, c));
    }
  }
  return { rows, columns, data };
};
