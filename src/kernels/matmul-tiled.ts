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
export interface Tile {
  readonly THREADS_X: number;
  readonly THREADS_Y: number;
  readonly TILE_K: number;
}

export const smallTile: Tile = { THREADS_X: 8, THREADS_Y: 8, TILE_K: 16 };
export const largeTile: Tile = { THREADS_X: 16, THREADS_Y: 16, TILE_K: 8 };

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
const tileFor = ({ batch, m, n }: ProductExtents, facts: DeviceFacts): Tile =>
  fitsLarge(facts) && batch * Math.floor(m / 128) * Math.floor(n / 128) >= ENOUGH_WORKGROUPS ? largeTile : smallTile;

/** True where the device has the invocations and the memory of a large tile. */
export const fitsLarge = ({ limits }: DeviceFacts): boolean =>
  limits.maxComputeInvocationsPerWorkgroup >= 256 && bytesOf(largeTile, 0) <= limits.maxComputeWorkgroupStorageSize;

/** vec4s of k that a workgroup sums: all, or a part where there are few tiles and a long k. */
const splitOf = (tiles: number, k4: number, { TILE_K }: Tile): number => {
  const splits = Math.min(Math.floor(ENOUGH_WORKGROUPS / tiles), Math.floor(k4 / LEAST_SPLIT_K4));
  return partOf(k4, splits, TILE_K);
};

/** vec4s of k of each of so many parts, in whole steps of a tile. */
const partOf = (k4: number, splits: number, tileK: number): number =>
  splits < 2 ? k4 : (tileK / 4) * ceilDiv(ceilDiv(k4, splits), tileK / 4);

/** A tile and in how many parts k is summed, instead of what the rules say. */
export interface Tiling {
  readonly tile: Tile;
  readonly splits: number;
}

/** The launches of a product whose dispatch has everything but what depends on the tiles. */
export const tiledProduct = (
  dispatch: Omit<Dispatch, 'workgroups'>,
  extents: ProductExtents,
  request: KernelRequest,
  tiling?: Tiling,
): Dispatch[] => {
  const { facts } = request;
  const { batch, m, n, k4 } = extents;
  const tile = tiling?.tile ?? tileFor(extents, facts);
  const split = tiling ? partOf(k4, tiling.splits, tile.TILE_K) : splitOf(tilesOf(extents, tile), k4, tile);
  const splits = Math.max(1, ceilDiv(k4, split));
  const whole = withTiles(dispatch, extents, tile, facts, split);
  if (splits === 1) return [whole];
  const sums: Operand = { scratch: 2, bytes: 4 * splits * batch * m * n };
  return [sumsOfSplits(whole, sums), total(whole, sums, splits, extents, request)];
};

/** What the kernels of products are specialised by where n is a multiple of 4. */
export const WHOLE_VECTORS = {
  definitions: { Out: 'vec4f', UNIT: 4 },
  functions: { store: 'y[at / 4] = v; return true;' },
} as const;

/** Matrices one after the other: a of rows of k4 vec4s, b of 4 * k4 rows and y of rows of n / 4 vec4s. */
interface SideBySide {
  readonly a: Operand;
  readonly b: Operand;
  readonly y: Operand;
}

/** y = a * b for `batch` matrices of float32 each, n a multiple of 4: a launch among those of another lowering. */
export const multiplySideBySide = ({ a, b, y }: SideBySide, extents: ProductExtents, facts: DeviceFacts): Dispatch => {
  const { batch, m, n, k4 } = extents;
  const dispatch: Omit<Dispatch, 'workgroups'> = {
    kernel: matmulKernel,
    constants: { HAS_BIAS: 0 },
    ...WHOLE_VECTORS,
    operands: { a, b, bias: b, extra_a: b, extra_b: b, y },
    params: {
      ...{ m, n, n4: n / 4, k4, alpha: 1, beta: 0, bias_row: 0, bias_column: 0 },
      ...{ batch_rank: 1, batch_shape: [batch], a_batch: [m * k4], b_batch: [k4 * n] },
    },
  };
  return withTiles(dispatch, extents, tileFor(extents, facts), facts, k4);
};

export const tilesOf = ({ batch, m, n }: ProductExtents, tile: Tile): number =>
  batch * ceilDiv(m, 8 * tile.THREADS_Y) * ceilDiv(n, 8 * tile.THREADS_X);

const withTiles = (
  dispatch: Omit<Dispatch, 'workgroups'>,
  extents: ProductExtents,
  tile: Tile,
  facts: DeviceFacts,
  split: number,
): Dispatch => {
  const count = tilesOf(extents, tile) * Math.max(1, ceilDiv(extents.k4, split));
  const padding = Number(bytesOf(tile, 1) <= facts.limits.maxComputeWorkgroupStorageSize);
  return {
    ...dispatch,
    kernel: matmulKernel,
    definitions: { ...dispatch.definitions, ...tile, PADDING: padding },
    params: { ...dispatch.params, count, batches: extents.batch, split_k4: split },
    workgroups: grid(count, 1, facts),
  };
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
