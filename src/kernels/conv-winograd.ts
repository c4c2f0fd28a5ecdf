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

/** The products on CPU adapters, of 32 or 64 outputs a workgroup; GPUs have the tiled product of matrices. */
const productKernel = cpuKernel('conv-winograd-product', 'convWinogradProduct');
const wideProductKernel = cpuKernel('conv-winograd-product-wide', 'convWinogradProductWide');

const products = [
  { kernel: wideProductKernel, block: 64 },
  { kernel: productKernel, block: 32 },
] as const;

/** The wider one computes more outputs for what it loads, unless it computes many in vain. */
const productFor = (outputs: number): (typeof products)[number] => {
  const [wide, narrow] = products;
  return ceilDiv(outputs, wide.block) * wide.block <= 1.2 * ceilDiv(outputs, narrow.block) * narrow.block ? wide : narrow;
};

const WORKGROUP_SIZE = 64;
/** Rows of a workgroup of the products. */
const PRODUCT_ROWS = 16;
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
  readonly lanes: Lanes;
}

/** Channels that an invocation of the transforms takes at most. */
type Lanes = 1 | 4;

/** The tiles of all images, in rounds of as many as the memory for them is meant for. */
const roundsOf = (g: ConvGeometry, tile: WinogradTile, lanes: Lanes, facts: DeviceFacts): Round[] => {
  const high = ceilDiv(g.rows.output, tile);
  const wide = ceilDiv(g.columns.output, tile);
  const total = g.batch * high * wide;
  const step = sharesLanes(facts) ? PRODUCT_ROWS : TILED_ROWS;
  const fitting = Math.max(1, Math.floor(SCRATCH_BYTES[facts.kind] / (bytesOfRow(g, tile) * step)));
  const rounds = ceilDiv(total, fitting * step);
  const most = step * ceilDiv(ceilDiv(total, rounds), step);
  return Array.from({ length: ceilDiv(total, most) }, (_, i) => {
    const count = Math.min(most, total - i * most);
    const rows = sharesLanes(facts) ? step * ceilDiv(count, step) : count;
    return { g, tile, high, wide, first: i * most, count, rows, lanes };
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
 * reaches all outputs of the tiles that see it.
 */
export const winograd = (
  request: KernelRequest,
  g: ConvGeometry,
  weight: Tensor,
  tile: WinogradTile,
  lanes = lanesFor(g, request.facts),
): Dispatch[] => {
  const rounds = roundsOf(g, tile, lanes, request.facts);
  const words = 4 * pointsOf(tile) * Math.max(...rounds.map(({ rows }) => rows));
  const v: Operand = { scratch: 0, bytes: 4 * words * quads(g.inputs) };
  const m: Operand = { scratch: 1, bytes: 4 * words * quads(g.outputs) };
  return rounds.flatMap((round) => [
    transformInput(round, v, request.facts),
    product(round, v, weight, m, request.facts),
    transformOutput(round, m, request),
  ]);
};

const product = ({ g, tile, rows }: Round, v: Operand, weight: Tensor, m: Operand, facts: DeviceFacts): Dispatch => {
  const [batch, inputs, outputs] = [pointsOf(tile), quads(g.inputs), quads(g.outputs)];
  if (!sharesLanes(facts)) {
    const b: Operand = { packed: packWinogradRows(weight, tile) };
    return multiplySideBySide({ a: v, b, y: m }, { batch, m: rows, n: 4 * outputs, k4: inputs }, facts);
  }
  const { kernel, block } = productFor(g.outputs);
  const blocks = ceilDiv(g.outputs, block);
  return {
    kernel,
    operands: { v, u: { packed: packWinogradMatrices(weight, tile, block) }, m },
    params: { rows, inputs, outputs, blocks },
    workgroups: [blocks, rows / PRODUCT_ROWS, batch],
  };
};

/** Params fields that both transforms have. */
const places = ({ first, rows, high, wide }: Round) => ({ first, rows, tiles_h: high, tiles_w: wide });

/**
 * The registers of a GPU hold a tile of one channel. A CPU adapter moves four for little more than one, but takes three times
 * as long to compile that: much work makes good for it.
 */
const lanesFor = (g: ConvGeometry, { kind }: DeviceFacts): Lanes => (kind === 'cpu' && workOf(g) >= MUCH_WORK ? 4 : 1);

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
