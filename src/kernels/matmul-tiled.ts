import { matmul, matmulSplits } from '../../shaders/index.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';

/** Large products on GPUs: tiles in workgroup memory. */
export const matmulKernel: Kernel = { name: 'matmul', wgsl: matmul };
/** Sums what workgroups computed for their parts of k. */
export const matmulSplitsKernel: Kernel = { name: 'matmul-splits', wgsl: matmulSplits };

const WORKGROUP_SIZE = 64;
/** Workgroups that keep a GPU busy; a product of fewer tiles is split along k. */
const ENOUGH_WORKGROUPS = 64;
/** The least of k that is worth a workgroup and a pass over the sums. */
const LEAST_SPLIT_K4 = 64;

/** The tile of a workgroup: 8 rows and 8 columns an invocation. */
interface Tile {
  readonly THREADS_X: number;
  readonly THREADS_Y: number;
  readonly TILE_K: number;
}

const small: Tile = { THREADS_X: 8, THREADS_Y: 8, TILE_K: 16 };
const large: Tile = { THREADS_X: 16, THREADS_Y: 16, TILE_K: 8 };

/** Bytes of workgroup memory: two stages of both tiles. */
const bytesOf = ({ THREADS_X, THREADS_Y, TILE_K }: Tile, padding: number): number =>
  2 * TILE_K * (2 * THREADS_Y + padding + 2 * THREADS_X) * 16;

/** Extents of the products: `batch` of m x 4 k4 by 4 k4 x n. */
export interface ProductExtents {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k4: number;
}

/** A large tile reads each operand fewer times, where there are still tiles for all of the GPU. */
const tileFor = ({ batch, m, n }: ProductExtents, { limits }: DeviceFacts): Tile => {
  const fits = limits.maxComputeInvocationsPerWorkgroup >= 256 && bytesOf(large, 0) <= limits.maxComputeWorkgroupStorageSize;
  return fits && batch * Math.floor(m / 128) * Math.floor(n / 128) >= ENOUGH_WORKGROUPS ? large : small;
};

/** vec4s of k that a workgroup sums: all, or a part where there are few tiles and a long k. */
const splitOf = (tiles: number, k4: number, { TILE_K }: Tile): number => {
  const splits = Math.min(Math.floor(ENOUGH_WORKGROUPS / tiles), Math.floor(k4 / LEAST_SPLIT_K4));
  const step = TILE_K / 4;
  return splits < 2 ? k4 : step * ceilDiv(ceilDiv(k4, splits), step);
};

/** The launches of a product whose dispatch has everything but what depends on the tiles. */
export const tiledProduct = (
  dispatch: Omit<Dispatch, 'workgroups'>,
  extents: ProductExtents,
  request: KernelRequest,
): Dispatch[] => {
  const { facts } = request;
  const { batch, m, n, k4 } = extents;
  const tile = tileFor(extents, facts);
  const tiles = batch * ceilDiv(m, 8 * tile.THREADS_Y) * ceilDiv(n, 8 * tile.THREADS_X);
  const split = splitOf(tiles, k4, tile);
  const splits = Math.max(1, ceilDiv(k4, split));
  const count = tiles * splits;
  const padding = Number(bytesOf(tile, 1) <= facts.limits.maxComputeWorkgroupStorageSize);
  const whole: Dispatch = {
    ...dispatch,
    kernel: matmulKernel,
    definitions: { ...dispatch.definitions, ...tile, PADDING: padding },
    params: { ...dispatch.params, count, batches: batch, split_k4: split },
    workgroups: grid(count, 1, facts),
  };
  if (splits === 1) return [whole];
  const sums: Operand = { scratch: 2, bytes: 4 * splits * batch * m * n };
  return [sumsOfSplits(whole, sums), total(whole, sums, splits, extents, request)];
};

/** The products of every split, with neither bias nor epilogue. */
const sumsOfSplits = (whole: Dispatch, sums: Operand): Dispatch => {
  const { epilogue: _, ...functions } = whole.functions ?? {};
  const { a, b } = whole.operands as { readonly a: Operand; readonly b: Operand };
  return {
    ...whole,
    constants: { HAS_BIAS: 0 },
    functions,
    libraries: [],
    operands: { a, b, bias: b, extra_a: a, extra_b: a, y: sums },
    params: { ...whole.params, alpha: 1 },
  };
};

const total = (
  whole: Dispatch,
  sums: Operand,
  splits: number,
  { batch, m, n }: ProductExtents,
  request: KernelRequest,
): Dispatch => {
  const lanes = n % 4 === 0 ? 4 : 1;
  const epilogue = lowerEpilogue(request, sums, lanes);
  const count = (batch * m * n) / lanes;
  const { alpha, beta, bias_row, bias_column } = whole.params as Record<string, number>;
  const four = [0, 1, 2, 3].map((lane) => `bias[row + (4 * column + ${lane}) * params.bias_column]`).join(', ');
  return {
    kernel: matmulSplitsKernel,
    constants: { WORKGROUP_SIZE, HAS_BIAS: whole.constants?.HAS_BIAS ?? 0 },
    definitions: lanes === 4 ? { Elem: 'vec4f' } : {},
    functions: { ...epilogue.functions, ...(lanes === 4 && { load_bias: `return vec4f(${four});` }) },
    libraries: epilogue.libraries,
    operands: { x: sums, bias: whole.operands.bias as Operand, y: { output: 0 }, ...epilogue.operands },
    params: {
      count,
      splits,
      m,
      n: n / lanes,
      bias_row: bias_row as number,
      bias_column: bias_column as number,
      alpha: alpha as number,
      beta: beta as number,
    },
    workgroups: grid(count, WORKGROUP_SIZE, request.facts),
  };
};
