import { matmulNaive, matvec } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import { deviceElement } from '../tensor/dtype.js';
import { type ConcreteShape, sizeOf } from '../tensor/shape.js';
import { cpuKernel } from './cpu-family.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { canBePacked, halfMatrices, type Matrices, needsPacking, vectorMatrices } from './matmul-operands.js';
import { matrixUnits, subgroupMatrixProduct } from './matmul-subgroup-matrix.js';
import { matmulKernel, type ProductExtents, type Tiling, tiledProduct, WHOLE_VECTORS } from './matmul-tiled.js';
import { broadcastStrides, collapseLoops, type Loops, MAX_LOOPS } from './strides.js';

/** Products on CPU adapters, of 16 rows and 32 or 64 columns four invocations. */
export const matmulQuadsKernel = cpuKernel('matmul-quads', 'matmulQuads');
export const matmulQuadsWideKernel = cpuKernel('matmul-quads-wide', 'matmulQuadsWide');
/** Few rows on GPUs. */
export const matvecKernel: Kernel = { name: 'matvec', wgsl: matvec };
/** One row on CPU adapters. */
export const matvecColumnsKernel = cpuKernel('matvec-columns', 'matvecColumns');
/** Integers, and whatever is too small or too odd for the others. */
export const matmulNaiveKernel: Kernel = { name: 'matmul-naive', wgsl: matmulNaive };

const WORKGROUP_SIZE = 64;
/** Small, because quads that are left over in the last workgroup compute for nothing. */
const QUADS_WORKGROUP_SIZE = 16;
const COLUMNS = 8;
/** Multiply-adds that make up for the time that the wide kernel takes to compile, which is twice as long. */
const WIDE_WORK = 2 ** 24;

/** y = epilogue(alpha * a * b + beta * bias) for every index of `batch`, to which the batches of a and b broadcast. */
export interface Product {
  readonly a: Matrices;
  readonly b: Matrices;
  readonly batch: ConcreteShape;
  /** An input, with the strides of its rows and columns. */
  readonly bias?: { readonly input: number; readonly row: number; readonly column: number };
  readonly alpha: number;
  readonly beta: number;
  /** The node, whose epilogue is applied. */
  readonly request: KernelRequest;
}

export const lowerMatMul = (request: KernelRequest): Dispatch[] => multiply(productOfMatMul(request), request.facts);

export const productOfMatMul = (request: KernelRequest): Product => {
  const { inputs, outputs } = request;
  const [a, b] = inputs as readonly [TensorInfo, TensorInfo];
  const aShape = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const bShape = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const batchRank = Math.max(aShape.length, bShape.length) - 2;
  const product: Product = {
    a: matricesOf(0, a, aShape),
    b: matricesOf(1, b, bShape),
    batch: outputs[0]!.shape.slice(0, batchRank),
    alpha: 1,
    beta: 0,
    request,
  };
  return foldBatch(product);
};

const matricesOf = (input: number, info: TensorInfo, shape: ConcreteShape): Matrices => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return { input, info, batch: shape.slice(0, -2), rows, columns, transposed: false };
};

/** Where all matrices of a meet the same b, they are one matrix of more rows. */
const foldBatch = (product: Product): Product => {
  const { a, b, batch } = product;
  const size = sizeOf(batch);
  if (sizeOf(b.batch) !== 1 || sizeOf(a.batch) !== size) return product;
  return { ...product, a: { ...a, batch: [], rows: size * a.rows }, b: { ...b, batch: [] }, batch: [] };
};

/** A kernel, and for the one of tiles which, instead of what the rules say. */
export interface ProductWay {
  readonly kernel: Kernel;
  readonly tiling?: Tiling;
}

export const multiply = (
  product: Product,
  facts: DeviceFacts,
  way: ProductWay = { kernel: chooseKernel(product, facts) },
): Dispatch[] => {
  const { a, b, batch } = product;
  const loops = collapseLoops(batch, [broadcastStrides(a.batch, batch), broadcastStrides(b.batch, batch)]);
  if (loops.extents.length > MAX_LOOPS) {
    throw new TilewiseError('unsupported-model', `broadcasting over ${loops.extents.length} separate extents`);
  }
  return way.kernel === matmulNaiveKernel ? [naive(product, loops, facts)] : vectorised(way, product, loops, facts);
};

const chooseKernel = ({ a, b, batch }: Product, facts: DeviceFacts): Kernel => {
  const { rows: m, columns: k } = a;
  const n = b.columns;
  const cpu = facts.kind === 'cpu';
  const packsAtRun = needsPacking(a, false) || needsPacking(b, true);
  if (!readsVectors(a, b, facts) || (packsAtRun && Math.min(m, n) < 8)) return matmulNaiveKernel;
  if (m <= (cpu ? 1 : 4)) return cpu ? matvecColumnsKernel : matvecKernel;
  return cpu && facts.features.includes('subgroups')
    ? quadsKernelFor({ batch: sizeOf(batch), m, n, k4: ceilDiv(k, 4) })
    : matmulKernel;
};

/** True where the kernels that read both operands by vec4s can run. */
export const readsVectors = (a: Matrices, b: Matrices, facts: DeviceFacts): boolean => {
  if (deviceElement(a.info.dtype) !== 'f32' || b.columns < 4 || a.columns < 4) return false;
  return !(needsPacking(a, false) || needsPacking(b, true)) || (canBePacked(a, facts) && canBePacked(b, facts));
};

/** The wide kernel computes more columns for what it loads, unless it computes many in vain. */
const quadsKernelFor = ({ batch, m, n, k4 }: ProductExtents): Kernel =>
  batch * m * n * 4 * k4 >= WIDE_WORK && ceilDiv(n, 64) * 64 <= 1.2 * ceilDiv(n, 32) * 32
    ? matmulQuadsWideKernel
    : matmulQuadsKernel;

/** GPUs wait for memory where a CPU adapter would wait for the unpacking. */
const readsHalves: ReadonlySet<Kernel> = new Set([matmulKernel, matvecKernel]);

/** Kernels that read both operands by vec4s. */
const vectorised = ({ kernel, tiling }: ProductWay, product: Product, loops: Loops, facts: DeviceFacts): Dispatch[] => {
  const { batch, request } = product;
  const [m, n, k4] = [product.a.rows, product.b.columns, ceilDiv(product.a.columns, 4)];
  const a = vectorMatrices(product.a, false, 0, facts);
  const b = (readsHalves.has(kernel) && halfMatrices(product.b)) || vectorMatrices(product.b, true, 1, facts);
  const wholeVectors = n % 4 === 0;
  const epilogue = lowerEpilogue(request, a.operand, 4, wholeVectors ? 'elems' : 'scalars');
  const dispatch: Omit<Dispatch, 'workgroups'> = {
    kernel,
    constants: { HAS_BIAS: Number(product.bias !== undefined) },
    definitions: { ...(wholeVectors && WHOLE_VECTORS.definitions), ...(b.half && { Weight: 'vec2u' }) },
    functions: {
      ...epilogue.functions,
      ...(wholeVectors && WHOLE_VECTORS.functions),
      ...(b.half && { weight: 'let v = b[at]; return vec4f(unpack2x16float(v.x), unpack2x16float(v.y));' }),
    },
    libraries: epilogue.libraries,
    operands: { a: a.operand, b: b.operand, bias: biasOperand(product, b.operand), y: { output: 0 }, ...epilogue.operands },
    params: { m, n, n4: ceilDiv(n, 4), k4, ...scalars(product), ...batchParams(loops, a.pitch, b.pitch) },
  };
  const extents = { batch: sizeOf(batch), m, n, k4 };
  return [...a.pack, ...b.pack, ...launches(dispatch, extents, b.half === true, request, tiling)];
};

const launches = (
  dispatch: Omit<Dispatch, 'workgroups'>,
  extents: ProductExtents,
  halves: boolean,
  request: KernelRequest,
  tiling: Tiling | undefined,
): Dispatch[] => {
  const { facts } = request;
  if (dispatch.kernel !== matmulKernel) return [launch(dispatch, extents, facts)];
  const units = tiling ? undefined : matrixUnits(facts, extents, halves);
  return units ? [subgroupMatrixProduct(dispatch, extents, units, facts)] : tiledProduct(dispatch, extents, request, tiling);
};

/** The launch of a kernel that shares its work out by itself. */
const launch = (dispatch: Omit<Dispatch, 'workgroups'>, { batch, m, n }: ProductExtents, facts: DeviceFacts): Dispatch => {
  const { kernel, constants, params } = dispatch;
  const n4 = ceilDiv(n, 4);
  switch (kernel) {
    case matmulQuadsKernel:
    case matmulQuadsWideKernel: {
      const count = batch * ceilDiv(m, 16) * ceilDiv(n, kernel === matmulQuadsKernel ? 32 : 64);
      return {
        ...dispatch,
        constants: { ...constants, WORKGROUP_SIZE: QUADS_WORKGROUP_SIZE },
        params: { ...params, count },
        workgroups: grid(4 * count, QUADS_WORKGROUP_SIZE, facts),
      };
    }
    case matvecColumnsKernel: {
      const count = batch * m * n4;
      return {
        ...dispatch,
        constants: { ...constants, WORKGROUP_SIZE },
        params: { ...params, count },
        workgroups: grid(count, WORKGROUP_SIZE, facts),
      };
    }
    default: {
      const count = batch * m * ceilDiv(n4, COLUMNS);
      return { ...dispatch, params: { ...params, count }, workgroups: grid(count, 1, facts) };
    }
  }
};

const naive = (product: Product, loops: Loops, facts: DeviceFacts): Dispatch => {
  const { a, b, batch, bias, request } = product;
  const { functions, libraries, operands } = lowerEpilogue(request, { input: a.input });
  const element = deviceElement(a.info.dtype);
  const count = sizeOf([...batch, a.rows, b.columns]);
  return {
    kernel: matmulNaiveKernel,
    constants: { WORKGROUP_SIZE, HAS_BIAS: Number(bias !== undefined) },
    definitions: { Elem: element },
    functions,
    libraries,
    operands: {
      a: { input: a.input },
      b: { input: b.input },
      bias: biasOperand(product, { input: b.input }),
      y: { output: 0 },
      ...operands,
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
      ...scalars(product),
      ...batchParams(loops, a.rows * a.columns, b.rows * b.columns),
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** A kernel without bias still has the binding: another operand stands in, unread. */
const biasOperand = ({ bias }: Product, other: Operand): Operand => (bias ? { input: bias.input } : other);

const scalars = ({ alpha, beta, bias }: Product) => ({
  alpha,
  beta,
  bias_row: bias?.row ?? 0,
  bias_column: bias?.column ?? 0,
});

const batchParams = ({ extents, strides }: Loops, aPitch: number, bPitch: number) => ({
  batch_rank: extents.length,
  batch_shape: extents.toReversed(),
  a_batch: strides[0]!.map((stride) => stride * aPitch).reverse(),
  b_batch: strides[1]!.map((stride) => stride * bPitch).reverse(),
});
