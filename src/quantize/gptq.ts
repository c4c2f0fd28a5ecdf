import { TilewiseError } from '../errors.js';
import { type Affine, dequantize } from './affine.js';
import { inverseUpperCholesky } from './linear-algebra.js';
import {
  affineAt,
  type Matrix,
  type MatrixOptions,
  matrixAffines,
  type QuantizedMatrix,
  quantizeMatrix,
  quantizeWeight,
} from './matrix.js';
import { refine } from './refine.js';

export interface GptqOptions {
  /** Added to the diagonal of the Hessian, as a share of its mean. */
  readonly damping: number;
  /** Columns whose corrections to later ones are gathered before they are applied. */
  readonly blockSize: number;
  /** Quantize the columns with the largest inputs first. Scales of groups then come from the original weights. */
  readonly actOrder: boolean;
  /** Sweeps over all integers afterwards, each made the best one for the others, with the scales fitted anew. */
  readonly sweeps: number;
}

export const defaultGptq: GptqOptions = { damping: 0.01, blockSize: 128, actOrder: true, sweeps: 3 };

/** What GPTQ needs to know of the inputs x of a matrix. */
export interface Hessian {
  /** The sum of x x', damped. [columns, columns] */
  readonly sums: Float64Array;
  /** The columns in the order in which they are rounded. */
  readonly order: Int32Array;
  /** U of the inverse U' U, in this order. */
  readonly upper: Float64Array;
}

/** `gram` is the sum of x x', [columns, columns]. Throws `invalid-argument` where it is not finite. */
export const hessianOf = (gram: Float64Array, columns: number, options: GptqOptions, what: string): Hessian => {
  const sums = damped(gram, columns, options.damping, what);
  const order = columnOrder(gram, columns, options.actOrder);
  return { sums, order, upper: factor(permuted(sums, order, columns), columns, what) };
};

/**
 * GPTQ (Frantar et al. 2022, "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers",
 * algorithm 1): columns are rounded one after the other, and the error of each is made up for in the columns to come, so
 * that |W x - Wq x|^2 over the inputs seen is small. The result is refined.
 *
 * `affines` may say the scales; those of groups are renewed in it, without act-order also from the weights as they are
 * when their turn comes.
 */
export const gptq = (
  matrix: Matrix,
  { sums, order, upper }: Hessian,
  matrixOptions: MatrixOptions,
  { blockSize, actOrder, sweeps }: GptqOptions,
  what: string,
  affines: Affine[] = matrixAffines(matrix, matrixOptions, what),
): QuantizedMatrix => {
  const { rows, columns } = matrix;
  const weights = matrix.data.slice();
  const result = quantizeMatrix(matrix, matrixOptions, what, affines);
  const work: Work = { weights, rows, columns, order, upper, result, options: matrixOptions, affines, what };
  const renews = !actOrder && result.groups > 1;
  for (let from = 0; from < columns; ) {
    // Where scales are renewed, a group begins with all corrections applied.
    const groupEnd = renews ? (Math.floor(from / result.groupSize) + 1) * result.groupSize : columns;
    const to = Math.min(columns, from + blockSize, groupEnd);
    quantizeBlock(work, from, to, renews);
    from = to;
  }
  refine(matrix, sums, result, affines, matrixOptions, sweeps);
  return result;
};

interface Work {
  /** Changed as errors are made up for. */
  readonly weights: Float64Array;
  readonly rows: number;
  readonly columns: number;
  readonly order: Int32Array;
  readonly upper: Float64Array;
  readonly result: QuantizedMatrix;
  readonly options: MatrixOptions;
  /** The scales of `result`, renewed group by group where columns come in their own order. */
  readonly affines: Affine[];
  readonly what: string;
}

/** Columns order[from..to): inside the block each error is spread at once, beyond it when the block is done. */
const quantizeBlock = (work: Work, from: number, to: number, renewScales: boolean): void => {
  const { weights, rows, columns, order, upper, result, options } = work;
  const width = to - from;
  const errors = new Float64Array(rows * width);
  for (let i = from; i < to; i++) {
    const column = order[i] as number;
    if (renewScales && i % result.groupSize === 0) renewGroup(work, column);
    const pivot = upper[i * columns + i] as number;
    for (let r = 0; r < rows; r++) {
      const at = r * columns + column;
      const affine = affineAt(result, r, column);
      const q = quantizeWeight(weights[at] as number, affine, options.type, options.symmetric);
      result.integers[at] = q;
      const error = ((weights[at] as number) - dequantize(q, affine)) / pivot;
      errors[r * width + i - from] = error;
      for (let j = i + 1; j < to; j++) {
        const next = r * columns + (order[j] as number);
        weights[next] = (weights[next] as number) - error * (upper[i * columns + j] as number);
      }
    }
  }
  spread(work, errors, from, to);
};

const spread = ({ weights, rows, columns, order, upper }: Work, errors: Float64Array, from: number, to: number): void => {
  const width = to - from;
  const row = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    row.fill(0);
    for (let i = from; i < to; i++) {
      const error = errors[r * width + i - from] as number;
      if (error === 0) continue;
      for (let j = to; j < columns; j++) row[j] = (row[j] as number) + error * (upper[i * columns + j] as number);
    }
    for (let j = to; j < columns; j++) {
      const at = r * columns + (order[j] as number);
      weights[at] = (weights[at] as number) - (row[j] as number);
    }
  }
};

/** Scales for the group that begins at a column, from the weights as they are by now. */
const renewGroup = ({ weights, rows, columns, result, options, affines, what }: Work, column: number): void => {
  const group = Math.floor(column / result.groupSize);
  const width = Math.min(columns, (group + 1) * result.groupSize) - group * result.groupSize;
  const data = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const at = r * columns + group * result.groupSize;
    data.set(weights.subarray(at, at + width), r * width);
  }
  const fresh = matrixAffines({ rows, columns: width, data }, { ...options, granularity: 'channel' }, what);
  fresh.forEach((affine, r) => (affines[r * result.groups + group] = affine));
};

const damped = (gram: Float64Array, n: number, damping: number, what: string): Float64Array => {
  if (gram.some((value) => !Number.isFinite(value))) {
    throw new TilewiseError('invalid-argument', `the inputs of ${what} are too large for GPTQ`);
  }
  let trace = 0;
  for (let i = 0; i < n; i++) trace += gram[i * n + i] as number;
  const added = Math.max((damping * trace) / n, Number.MIN_VALUE);
  const hessian = gram.slice();
  for (let i = 0; i < n; i++) {
    const at = i * n + i;
    hessian[at] = hessian[at] === 0 ? Math.max(1, added) : (hessian[at] as number) + added;
  }
  return hessian;
};

const columnOrder = (gram: Float64Array, n: number, actOrder: boolean): Int32Array => {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  if (actOrder) order.sort((a, b) => (gram[b * n + b] as number) - (gram[a * n + a] as number) || a - b);
  return order;
};

const permuted = (matrix: Float64Array, order: Int32Array, n: number): Float64Array => {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[i * n + j] = matrix[(order[i] as number) * n + (order[j] as number)] as number;
  }
  return out;
};

/** The factor of the inverse; more damping is added until there is one. */
const factor = (hessian: Float64Array, n: number, what: string): Float64Array => {
  for (let attempt = 0; attempt < 8; attempt++) {
    const upper = inverseUpperCholesky(hessian, n);
    if (upper) return upper;
    let trace = 0;
    for (let i = 0; i < n; i++) trace += hessian[i * n + i] as number;
    for (let i = 0; i < n; i++) hessian[i * n + i] = (hessian[i * n + i] as number) + (10 ** (attempt - 3) * trace) / n;
  }
  throw new TilewiseError('invalid-argument', `the Hessian of ${what} has no Cholesky factor`, {
    hint: 'calibrate with more samples, or raise the damping',
  });
};

/** Mean over the inputs seen of |(W - Wq) x|^2 for one output: trace((W - Wq) G (W - Wq)') / (rows * count). */
export const outputError = (exact: Matrix, rounded: Matrix, gram: Float64Array, count: number): number => {
  const { rows, columns } = exact;
  let sum = 0;
  const difference = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      difference[c] = (exact.data[r * columns + c] as number) - (rounded.data[r * columns + c] as number);
    }
    for (let i = 0; i < columns; i++) {
      let product = 0;
      for (let j = 0; j < columns; j++) product += (gram[i * columns + j] as number) * (difference[j] as number);
      sum += (difference[i] as number) * product;
    }
  }
  return Math.max(0, sum) / (rows * count);
};
