import { matmulInteger } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { QGemmAttributes } from '../ops/qgemm.js';
import { type DType, deviceElement } from '../tensor/dtype.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type ByteResult, convolveBytes } from './conv-bytes.js';
import type { ByteWeights } from './conv-bytes-pack.js';
import { POINT } from './conv-geometry.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { boundsOf, multiplierTable, numbersOf, packedFloats, requantization, scalarOf } from './requantize.js';
import { broadcastStrides, collapseLoops, MAX_LOOPS } from './strides.js';

export const matmulIntegerKernel: Kernel = { name: 'matmul-integer', wgsl: matmulInteger };
const WORKGROUP_SIZE = 64;

/** An input of 8-bit integers seen as matrices, and the input that holds its zero points. */
interface Matrices {
  readonly input: number;
  readonly zero: number;
  readonly rows: number;
  readonly columns: number;
  readonly batch: ConcreteShape;
  readonly transposed: boolean;
}

interface Multiplier {
  readonly operand: Operand;
  readonly row: number;
  readonly column: number;
}

interface Product {
  readonly a: Matrices;
  readonly b: Matrices;
  readonly batch: ConcreteShape;
  readonly bias?: { readonly input: number; readonly row: number; readonly column: number };
  /** One number, one a row, one a column, or one for each pair; absent where the sums are the result. */
  readonly multiplier?: Multiplier;
  readonly to: DType;
  readonly zero: number;
}

const matricesOf = (input: number, zero: number, { shape }: TensorInfo, transposed = false): Matrices => {
  const [r, c] = shape.slice(-2) as [number, number];
  const [rows, columns] = transposed ? [c, r] : [r, c];
  return { input, zero, rows, columns, batch: shape.slice(0, -2), transposed };
};

/** A vector is one row on the left and one column on the right. */
const asMatrix = (info: TensorInfo, side: 'left' | 'right'): TensorInfo =>
  info.shape.length > 1 ? info : { ...info, shape: side === 'left' ? [1, ...info.shape] : [...info.shape, 1] };

export const lowerMatMulInteger = (request: KernelRequest): Dispatch[] => {
  const [a, b] = request.inputs as readonly [TensorInfo, TensorInfo];
  if (a.packed) return [multiplyPacked(request, { a: 0, aZero: 2, b: 1, bZero: 3, transposed: false, result: { to: 'int32' } })];
  return [multiply(request, { ...operands(request, a, [0, 2], b, [1, 3]), to: 'int32', zero: 0 })];
};

export const lowerQLinearMatMul = (request: KernelRequest): Dispatch[] => {
  const [a, aScale, , b, bScale, , yScale, yZero, bias] = request.inputs as readonly TensorInfo[];
  const { dtype } = request.outputs[0]!;
  if (a!.packed) {
    const multipliers = multiplierTable(numbersOf(aScale), numbersOf(bScale), scalarOf(yScale));
    const bounds = boundsOf(dtype, request.attributes.bounds);
    const result: ByteResult = { to: 'bytes', multipliers, zero: scalarOf(yZero), bounds };
    return [multiplyPacked(request, { a: 0, aZero: 2, b: 3, bZero: 5, transposed: false, result, bias })];
  }
  const product = operands(request, a!, [0, 2], b!, [3, 5]);
  const multiplier = multipliers(numbersOf(aScale), numbersOf(bScale), scalarOf(yScale));
  const added = bias && { bias: { input: 8, row: 0, column: Number(sizeOf(bias.shape) > 1) } };
  return [multiply(request, { ...product, ...added, multiplier, to: dtype, zero: scalarOf(yZero) })];
};

export const lowerQGemm = (request: KernelRequest): Dispatch[] => {
  const { alpha, transA, transB } = request.attributes as QGemmAttributes;
  const [a, aScale, , b, bScale, , c, yScale, yZero] = request.inputs as readonly TensorInfo[];
  const scale = Math.fround(Math.fround(alpha) * scalarOf(aScale));
  const { dtype } = request.outputs[0]!;
  if (a!.packed) {
    const multipliers = multiplierTable([scale], numbersOf(bScale), yScale && scalarOf(yScale));
    const bounds = boundsOf(dtype, request.attributes.bounds);
    const result: ByteResult = yScale
      ? { to: 'bytes', multipliers, zero: scalarOf(yZero), bounds }
      : { to: 'float32', multipliers };
    return [multiplyPacked(request, { a: 0, aZero: 2, b: 3, bZero: 5, transposed: transB, result, bias: c })];
  }
  const [rows = 1, columns = 1] = c ? [c.shape.at(-2), c.shape.at(-1)] : [];
  const bias = { input: 6, row: rows === 1 ? 0 : columns, column: columns === 1 ? 0 : 1 };
  const product: Product = {
    a: matricesOf(0, 2, a!, transA),
    b: matricesOf(3, 5, b!, transB),
    batch: [],
    ...(c && { bias }),
    multiplier: multipliers([scale], numbersOf(bScale), yScale && scalarOf(yScale)),
    to: dtype,
    zero: scalarOf(yZero),
  };
  return [multiply(request, product)];
};

const operands = (
  { outputs }: KernelRequest,
  a: TensorInfo,
  [aInput, aZero]: readonly [number, number],
  b: TensorInfo,
  [bInput, bZero]: readonly [number, number],
): Pick<Product, 'a' | 'b' | 'batch'> => {
  const left = asMatrix(a, 'left');
  const right = asMatrix(b, 'right');
  const batchRank = Math.max(left.shape.length, right.shape.length) - 2;
  const batch = outputs[0]!.shape.slice(0, batchRank);
  return { a: matricesOf(aInput, aZero, left), b: matricesOf(bInput, bZero, right), batch };
};

const multipliers = (rows: readonly number[], columns: readonly number[], divisor: number | undefined): Multiplier => ({
  operand: packedFloats('a_scale * b_scale / y_scale', multiplierTable(rows, columns, divisor)),
  row: rows.length === 1 ? 0 : columns.length,
  column: columns.length === 1 ? 0 : 1,
});

/** A product with a constant matrix, of rows packed four elements to a word: a convolution of one tap over the rows. */
const multiplyPacked = (
  { inputs, facts }: KernelRequest,
  {
    a,
    aZero,
    b,
    bZero,
    transposed,
    result,
    bias,
  }: {
    readonly a: number;
    readonly aZero: number;
    readonly b: number;
    readonly bZero: number;
    readonly transposed: boolean;
    readonly result: ByteResult;
    readonly bias?: TensorInfo | undefined;
  },
): Dispatch => {
  const [x, matrix, zero] = [inputs[a], inputs[b], inputs[aZero]] as [TensorInfo, TensorInfo, TensorInfo | undefined];
  const [rows, columns] = (matrix.shape.length === 1 ? [...matrix.shape, 1] : matrix.shape) as [number, number];
  const [k, n] = transposed ? [columns, rows] : [rows, columns];
  const pixels = sizeOf(x.shape) / k;
  const geometry = {
    batch: 1,
    inputs: k,
    outputs: n,
    group: 1,
    rows: POINT,
    columns: { ...POINT, input: pixels, output: pixels },
  };
  const weights: ByteWeights = {
    tensor: matrix.tensor as Tensor,
    outputs: n,
    inputs: k,
    taps: 1,
    strides: transposed ? { output: k, input: 1, tap: 0 } : { output: 1, input: n, tap: 0 },
  };
  const xZero = zero && !zero.tensor ? { input: aZero } : scalarOf(zero);
  const task = { geometry, x, xZero, weights, wZeros: numbersOf(inputs[bZero]), bias: bias ? numbersOf(bias) : [0], result };
  return convolveBytes(task, facts);
};

const multiply = (
  { attributes, inputs, facts }: KernelRequest,
  { a, b, batch, bias, multiplier, to, zero }: Product,
): Dispatch => {
  const loops = collapseLoops(batch, [broadcastStrides(a.batch, batch), broadcastStrides(b.batch, batch)]);
  if (loops.extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `broadcasting over ${loops.extents.length} separate extents`);
  }
  const count = sizeOf([...batch, a.rows, b.columns]);
  const [aZero, bZero] = [inputs[a.zero], inputs[b.zero]];
  const { functions, params } = requantization(to, zero, attributes.bounds);
  const unread: Operand = { input: a.input };
  return {
    kernel: matmulIntegerKernel,
    constants: {
      WORKGROUP_SIZE,
      HAS_A_ZERO: Number(aZero !== undefined),
      HAS_B_ZERO: Number(bZero !== undefined),
      HAS_BIAS: Number(bias !== undefined),
      HAS_MULTIPLIER: Number(multiplier !== undefined),
    },
    definitions: { A: elementOf(inputs[a.input]), B: elementOf(inputs[b.input]), Out: deviceElement(to) },
    functions,
    // Whatever is absent still has a binding: a stands in, unread.
    operands: {
      a: { input: a.input },
      b: { input: b.input },
      a_zero: aZero ? { input: a.zero } : unread,
      b_zero: bZero ? { input: b.zero } : unread,
      bias: bias ? { input: bias.input } : unread,
      multiplier: multiplier?.operand ?? unread,
      y: { output: 0 },
    },
    params: {
      count,
      m: a.rows,
      n: b.columns,
      k: a.columns,
      a_row: a.transposed ? 1 : a.columns,
      a_column: a.transposed ? a.rows : 1,
      b_row: b.transposed ? 1 : b.columns,
      b_column: b.transposed ? b.rows : 1,
      a_zero_row: Number(aZero !== undefined && sizeOf(aZero.shape) > 1),
      b_zero_column: Number(bZero !== undefined && sizeOf(bZero.shape) > 1),
      bias_row: bias?.row ?? 0,
      bias_column: bias?.column ?? 0,
      multiplier_row: multiplier?.row ?? 0,
      multiplier_column: multiplier?.column ?? 0,
      ...params,
      batch_rank: loops.extents.length,
      batch_shape: loops.extents.toReversed(),
      a_batch: loops.strides[0]!.map((stride) => stride * a.rows * a.columns).reverse(),
      b_batch: loops.strides[1]!.map((stride) => stride * b.rows * b.columns).reverse(),
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

const elementOf = (info: TensorInfo | undefined) => deviceElement((info as TensorInfo).dtype);
