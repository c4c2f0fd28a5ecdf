import type { Tensor } from '../tensor/tensor.js';
import { writesQuads } from './conv-elements.js';
import type { ConvGeometry } from './conv-geometry.js';
import { packWinogradMatrices, packWinogradRows, type WinogradTile } from './conv-winograd-pack.js';
import { MUCH_WORK, winogradTile, workOf } from './conv-winograd-rule.js';
import { cpuKernel } from './cpu-family.js';
import { lowerEpilogue } from './epilogue.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Operand } from './kernel.js';
import { multiplySideBySide } from './matmul-tiled.js';

const kernels: Readonly<Record<WinogradTile, { readonly input: Kernel; readonly output: Kernel }>> = {
  2: {
    input: cpuKernel('conv-winograd-2x2-input', 'convWinograd2x2Input'),
    output: cpuKernel('conv-winograd-2x2-output', 'convWinograd2x2Output'),
  },
  4: {
    input: cpuKernel('conv-winograd-4x4-input', 'convWinograd4x4Input'),
    output: cpuKernel('conv-winograd-4x4-output', 'convWinograd4x4Output'),
  },
};

/** The product of a workgroup of a CPU adapter: its rows (tiles), its outputs, and what an element costs beside the widest. */
interface Product {
  readonly kernel: Kernel;
  readonly rows: number;
  readonly outputs: number;
  readonly cost: number;
}

/** The products on CPU adapters; GPUs have the tiled product of matrices. */
const products: readonly Product[] = [
  { kernel: cpuKernel('conv-winograd-product-wide', 'convWinogradProductWide'), rows: 16, outputs: 64, cost: 1 },
  { kernel: cpuKernel('conv-winograd-product', 'convWinogradProduct'), rows: 16, outputs: 32, cost: 1.2 },
  { kernel: cpuKernel('conv-winograd-product-narrow', 'convWinogradProductNarrow'), rows: 32, outputs: 16, cost: 1.2 },
];

/** The wider ones compute more for what they load, unless they compute much in vain; the widest takes long to compile. */
const productFor = (outputs: number, tiles: number, isMuch: boolean): Product => {
  const padded = (count: number, step: number): number => step * ceilDiv(count, step);
  const suited = isMuch ? products : products.slice(1);
  const costs = suited.map((one) => one.cost * padded(outputs, one.outputs) * padded(tiles, one.rows));
  return suited[costs.indexOf(Math.min(...costs))] as Product;
};

const WORKGROUP_SIZE = 64;
const TILED_ROWS = 64;
/** Bytes of transformed inputs and outputs that are held at a time: about what a cache holds. */
const SCRATCH_BYTES = { cpu: 5 * 2 ** 18, gpu: 2 ** 23 };

const quads = (channels: number): number => ceilDiv(channels, 4);

/** The products of a CPU adapter pass inputs from one invocation to the next. */
const sharesLanes = ({ kind, features }: DeviceFacts): boolean => kind === 'cpu' && features.includes('subgroups');

/** The tiles of one round of launches, of `high` x `wide` in an image. */
interface Round {
  readonly g: ConvGeometry;
  readonly tile: WinogradTile;
  readonly high: number;
  readonly wide: number;
  readonly first: number;
  readonly count: number;
  /** Rows of the matrices: one a tile, and some that fill the last workgroup. */
  readonly rows: number;
  /** Absent where the tiled product of matrices does it. */
  readonly product: Product | undefined;
  readonly lanes: Lanes;
}

/**
 * Channels that an invocation of the transforms takes at most. The registers of a GPU hold a tile of one. A CPU adapter moves
 * four for little more than one, but takes three times as long to compile that.
 */
type Lanes = 1 | 4;

/** The tiles of all images, in rounds of as many as the memory for them is meant for. */
const roundsOf = (g: ConvGeometry, tile: WinogradTile, isMuch: boolean, facts: DeviceFacts): Round[] => {
  const high = ceilDiv(g.rows.output, tile);
  const wide = ceilDiv(g.columns.output, tile);
  const total = g.batch * high * wide;
  const product = sharesLanes(facts) ? productFor(g.outputs, total, isMuch) : undefined;
  const step = product?.rows ?? TILED_ROWS;
  const fitting = Math.max(1, Math.floor(SCRATCH_BYTES[facts.kind] / (bytesOfRow(g, tile) * step)));
  const lanes: Lanes = isMuch && facts.kind === 'cpu' ? 4 : 1;
  const rounds = ceilDiv(total, fitting * step);
  const most = step * ceilDiv(ceilDiv(total, rounds), step);
  return Array.from({ length: ceilDiv(total, most) }, (_, i) => {
    const count = Math.min(most, total - i * most);
    const rows = product ? step * ceilDiv(count, step) : count;
    return { g, tile, high, wide, first: i * most, count, rows, product, lanes };
  });
};

const pointsOf = (tile: WinogradTile): number => (tile + 2) ** 2;
const bytesOfRow = (g: ConvGeometry, tile: WinogradTile): number => 16 * pointsOf(tile) * (quads(g.inputs) + quads(g.outputs));

/** The launches of a convolution that is faster so and whose weights are known. */
export const lowerWinograd = (request: KernelRequest, g: ConvGeometry): Dispatch[] | undefined => {
  const weight = request.inputs[1]?.tensor;
  const tile = weight && winogradTile(g, request.facts);
  return tile && winograd(request, g, weight, tile);
};

/**
 * A 3x3 convolution that moves by one as (tile + 2)^2 matrix products, which together multiply less: 4/9 as often for tiles
 * of 2x2 outputs, 1/4 for 4x4. Input and output are transformed by launches of their own. What is not a number, or infinite,
 * reaches all outputs of the tiles that see it. Kernels that take longer to compile are for much work.
 */
export const winograd = (
  request: KernelRequest,
  g: ConvGeometry,
  weight: Tensor,
  tile: WinogradTile,
  isMuch = workOf(g) >= MUCH_WORK,
): Dispatch[] => {
  const rounds = roundsOf(g, tile, isMuch, request.facts);
  const words = 4 * pointsOf(tile) * Math.max(...rounds.map(({ rows }) => rows));
  const v: Operand = { scratch: 0, bytes: 4 * words * quads(g.inputs) };
  const m: Operand = { scratch: 1, bytes: 4 * words * quads(g.outputs) };
  return rounds.flatMap((round) => [
    transformInput(round, v, request.facts),
    multiply(round, v, weight, m, request.facts),
    transformOutput(round, m, request),
  ]);
};

const multiply = ({ g, tile, rows, product }: Round, v: Operand, weight: Tensor, m: Operand, facts: DeviceFacts): Dispatch => {
  const [batch, inputs, outputs] = [pointsOf(tile), quads(g.inputs), quads(g.outputs)];
  if (!product) {
    const b: Operand = { packed: packWinogradRows(weight, tile) };
    return multiplySideBySide({ a: v, b, y: m }, { batch, m: rows, n: 4 * outputs, k4: inputs }, facts);
  }
  const blocks = ceilDiv(g.outputs, product.outputs);
  return {
    kernel: product.kernel,
    operands: { v, u: { packed: packWinogradMatrices(weight, tile, product.outputs) }, m },
    params: { rows, inputs, outputs, blocks },
    workgroups: [blocks, rows / product.rows, batch],
  };
};

/** Params fields that both transforms have. */
const places = ({ first, rows, high, wide }: Round) => ({ first, rows, tiles_h: high, tiles_w: wide });

const transformInput = (round: Round, v: Operand, facts: DeviceFacts): Dispatch => {
  const { g, tile } = round;
  const lanes = g.inputs % 4 === 0 && !g.readsChannelsFirst ? round.lanes : 1;
  const channels = (4 * quads(g.inputs)) / lanes;
  const count = round.count * channels;
  return {
    kernel: kernels[tile].input,
    constants: { WORKGROUP_SIZE },
    definitions: lanes === 1 ? { Elem: 'f32' } : {},
    operands: { x: { input: 0 }, v },
    params: {
      count,
      channels,
      inputs: g.inputs / lanes,
      ...places(round),
      in_h: g.rows.input,
      in_w: g.columns.input,
      x_n: g.x.n / lanes,
      x_h: g.x.h / lanes,
      x_w: g.x.w / lanes,
      x_c: g.x.c,
      pad_h: g.rows.padBegin,
      pad_w: g.columns.padBegin,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

const transformOutput = (round: Round, m: Operand, request: KernelRequest): Dispatch => {
  const { g, tile } = round;
  const lanes = writesQuads(g) ? round.lanes : 1;
  const epilogue = lowerEpilogue(request, m, lanes);
  const hasBias = request.inputs[2] !== undefined;
  const outputs = g.outputs / lanes;
  const count = round.count * outputs;
  return {
    kernel: kernels[tile].output,
    constants: { WORKGROUP_SIZE, HAS_BIAS: Number(hasBias) },
    definitions: lanes === 1 ? { Elem: 'f32' } : {},
    functions: epilogue.functions,
    libraries: epilogue.libraries,
    operands: { m, bias: hasBias ? { input: 2 } : m, y: { output: 0 }, ...epilogue.operands },
    params: {
      count,
      channels: (4 * quads(g.outputs)) / lanes,
      outputs,
      ...places(round),
      out_h: g.rows.output,
      out_w: g.columns.output,
      y_n: g.y.n / lanes,
      y_h: g.y.h / lanes,
      y_w: g.y.w / lanes,
      y_c: g.y.c,
    },
    workgroups: grid(count, WORKGROUP_SIZE, request.facts),
  };
};
