import { convBytes, convBytes3x3, convBytesTiled, matvecBytes } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { DType } from '../tensor/dtype.js';
import { packedWords } from '../tensor/layout.js';
import { type ByteWeights, largestByteSum, packByteWeights, perOutput, signedOffset, sumByteWeights } from './conv-bytes-pack.js';
import { type ConvGeometry, extents, steps } from './conv-geometry.js';
import { BLOCK_OUTPUTS } from './conv-pack.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, type Kernel, type Operand, type TensorInfo } from './kernel.js';
import { packedFloats, packedIntegers } from './requantize.js';

/** On CPU adapters. */
export const convBytesKernel: Kernel = { name: 'conv-bytes', wgsl: convBytes };
export const convBytes3x3Kernel: Kernel = { name: 'conv-bytes-3x3', wgsl: convBytes3x3 };
/** For a row or a few. */
export const matvecBytesKernel: Kernel = { name: 'matvec-bytes', wgsl: matvecBytes };
/** On GPUs. */
export const convBytesTiledKernel: Kernel = { name: 'conv-bytes-tiled', wgsl: convBytesTiled };

/** Pixels that a workgroup of the kernel for CPU adapters computes: the accumulators are named in its text. */
const PIXELS = 16;
/** Columns of a row that the one for windows of 3x3 computes. */
const COLUMNS_3X3 = 14;
/** Fewer pixels than this are rows of their own: tiles of pixels would be mostly empty. */
const FEW_ROWS = 5;
/** Invocations of the kernel for rows that share a sum, on GPUs. */
const SLICES = 16;
/** Words of four bytes whose products a float32 sums exactly. */
const CHUNK_WORDS = 256;
/** Sharing the columns of three taps outweighs so many columns computed in vain. */
const MOST_IN_VAIN = 1.5;

/** What becomes of the int32 sums: packed bytes after scaling, or 32-bit elements. */
export type ByteResult =
  | { readonly to: 'bytes'; readonly multipliers: readonly number[]; readonly zero: number; readonly bounds: readonly number[] }
  | { readonly to: 'float32'; readonly multipliers: readonly number[] }
  | { readonly to: 'int32' };

/** What the kernels of packed bytes need of a convolution, or of a matrix product as one. */
export type ByteGeometry = Pick<ConvGeometry, 'batch' | 'inputs' | 'outputs' | 'group' | 'rows' | 'columns'>;

/** A convolution of packed bytes with constant weights. */
export interface ByteConvolution {
  readonly geometry: ByteGeometry;
  /** Input 0. */
  readonly x: TensorInfo;
  /** A number, or the input that holds it at run time. */
  readonly xZero: number | { readonly input: number };
  readonly weights: ByteWeights;
  /** One, or one an output. */
  readonly wZeros: readonly number[];
  readonly bias: readonly number[];
  readonly result: ByteResult;
}

/** What the sums of the products of signed bytes lack: three numbers for each output, by fours. */
const termsOf = ({ weights, wZeros, bias }: ByteConvolution) => {
  const { outputs, inputs, taps } = weights;
  const zeros = perOutput(
    (wZeros.length === 0 ? [0] : wZeros).map((zero) => zero - signedOffset(weights.tensor)),
    outputs,
  );
  const sums = perOutput([...sumByteWeights(weights)], outputs);
  const added = perOutput(bias, outputs);
  const slopes = sums.map((sum, o) => sum - inputs * taps * (zeros[o] as number));
  return { added, slopes, zeros };
};

const packedTerms = ({ added, slopes, zeros }: ReturnType<typeof termsOf>): Operand => {
  const byFours = (q: number): number[] => [added, slopes, zeros].flatMap((list) => list.slice(4 * q, 4 * q + 4));
  const terms = Array.from({ length: added.length / 4 }, (_, q) => byFours(q)).flat();
  return packedIntegers('what to add, the factor of -x_zero, w_zero', terms);
};

/** True where all sums, in part and whole, are whole numbers that a float32 holds. */
const fitsFloats = ({ weights, xZero, x }: ByteConvolution, { added, slopes, zeros }: ReturnType<typeof termsOf>): boolean => {
  if (typeof xZero !== 'number') return false;
  const zero = xZero - offsetOf(x.dtype);
  const inputs = 128 * weights.inputs * weights.taps;
  const rest = added.map((v, o) => Math.abs(v - zero * (slopes[o] as number)) + inputs * Math.abs(zeros[o] as number));
  return largestByteSum(weights) + rest.reduce((a, b) => Math.max(a, b), 0) < 2 ** 24;
};

const finishOf: Readonly<Record<ByteResult['to'], Record<string, string>>> = {
  bytes: {},
  float32: { finish: 'return put_elements(at, o, bitcast<vec4u>(vec4f(sum) * factor));' },
  int32: { finish: 'return put_elements(at, o, bitcast<vec4u>(vec4i(sum)));' },
};

/** The body of `x_zero` where only a run can tell the zero point. */
const zeroOf = (x: TensorInfo, xZero: ByteConvolution['xZero']): Record<string, string> =>
  typeof xZero === 'number' ? {} : { x_zero: `return bitcast<i32>(zero_point[0]) - ${offsetOf(x.dtype)};` };

const offsetOf = (dtype: DType): number => signedOffset({ type: dtype });

/** True where four neighbouring invocations can hand each other what they load. */
const sharesLanes = ({ kind, features }: DeviceFacts): boolean => kind === 'cpu' && features.includes('subgroups');

const hasWindow = ({ rows, columns }: ByteGeometry): boolean =>
  [rows, columns].some(({ kernel, stride, padBegin, padEnd }) => kernel * stride !== 1 || padBegin + padEnd !== 0);

interface Tile {
  readonly pixels: number;
  readonly outputs: number;
}
/** Workgroups below which a GPU stands partly idle. */
const FEW_WORKGROUPS = 128;
const STEP = 8;

const tileFor = ({ group, outputs }: ByteGeometry, pixels: number): Tile => {
  if (group > 1 && (outputs / group) % 64 !== 0) return { pixels: 64, outputs: BLOCK_OUTPUTS };
  const preferred = outputs <= 32 ? { pixels: 128, outputs: 32 } : { pixels: 64, outputs: 64 };
  const groups = ceilDiv(pixels, preferred.pixels) * ceilDiv(outputs, preferred.outputs);
  return groups < FEW_WORKGROUPS && group === 1 ? { pixels: 32, outputs: 32 } : preferred;
};

/** True where the packed kernels can run groups of so many inputs and outputs. */
export const suitsGroups = (group: number, inputs: number, outputs: number): boolean =>
  group === 1 || (inputs % 4 === 0 && outputs % BLOCK_OUTPUTS === 0);

/** A convolution of one input as one of its window's columns: in words of four inputs it would fill a quarter of each. */
const joinColumns = (task: ByteConvolution): ByteConvolution => {
  const { geometry, weights } = task;
  const { tensor, outputs, strides } = weights;
  const { rows, columns } = geometry;
  return {
    ...task,
    geometry: { ...geometry, columns: { ...columns, kernel: 1 } },
    weights: {
      tensor,
      outputs,
      inputs: columns.kernel,
      taps: rows.kernel,
      strides: { output: strides.output, input: strides.tap, tap: columns.kernel * strides.tap },
    },
  };
};

export const convolveBytes = (task: ByteConvolution, facts: DeviceFacts): Dispatch => {
  const isJoined = task.geometry.inputs === 1 && task.geometry.columns.kernel > 1;
  return convolve(isJoined ? joinColumns(task) : task, isJoined, facts);
};

const convolve = (task: ByteConvolution, isJoined: boolean, facts: DeviceFacts): Dispatch => {
  const { geometry: g, x, xZero, weights, wZeros, result } = task;
  if (!suitsGroups(g.group, g.inputs / g.group, g.outputs / g.group)) {
    throw new TilewiseError('internal', `packed convolution of ${g.inputs} inputs in ${g.group} groups`);
  }
  const unread: Operand = { packed: packByteWeights(weights) };
  const terms = termsOf(task);
  const float = fitsFloats(task, terms);
  const launched = launch(g, packedWords(weights.inputs), isJoined, float, facts);
  const bytes = result.to === 'bytes' ? result : undefined;
  const multipliers = result.to === 'int32' ? undefined : perOutput(result.multipliers, g.outputs, 1);
  return {
    ...launched,
    functions: { ...finishOf[result.to], ...zeroOf(x, xZero), ...dotFor(facts), ...launched.functions },
    operands: {
      x: { input: 0 },
      weight: unread,
      terms: packedTerms(terms),
      // Whatever is absent still has a binding: the weights stand in, unread.
      multiplier: multipliers ? packedFloats('multipliers by fours', multipliers) : unread,
      zero_point: typeof xZero === 'number' ? unread : { input: xZero.input },
      y: { output: 0 },
    },
    constants: { ...launched.constants, HAS_W_ZERO: Number(hasWZero(weights, wZeros)) },
    params: {
      ...launched.params,
      x_words: packedWords(g.inputs),
      words: packedWords(weights.inputs),
      outputs: g.outputs,
      output_words: packedWords(g.outputs),
      flip: offsetOf(x.dtype) === 0 ? 0 : 0x80808080,
      last_ones: onesFor(weights.inputs),
      x_zero: typeof xZero === 'number' ? xZero - offsetOf(x.dtype) : 0,
      low: bytes?.bounds[0] ?? 0,
      high: bytes?.bounds[1] ?? 0,
      zero: bytes?.zero ?? 0,
    },
  };
};

const hasWZero = ({ tensor }: ByteWeights, zeros: readonly number[]): boolean =>
  (zeros.length === 0 ? [0] : zeros).some((zero) => zero !== signedOffset(tensor));

/** A 1 in the byte of each input that the last word holds. */
const onesFor = (inputs: number): number => 0x01010101 >>> (8 * (3 - ((inputs + 3) % 4)));

const suits3x3 = ({ group, rows, columns }: ByteGeometry): boolean =>
  group === 1 &&
  [rows, columns].every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1) &&
  ceilDiv(columns.output, COLUMNS_3X3) * COLUMNS_3X3 <= MOST_IN_VAIN * columns.output;

type Launch = Pick<Dispatch, 'kernel' | 'constants' | 'definitions' | 'functions' | 'params' | 'workgroups'>;

const launch = (g: ByteGeometry, words: number, isJoined: boolean, float: boolean, facts: DeviceFacts): Launch => {
  const pixels = g.batch * g.rows.output * g.columns.output;
  const blocks = ceilDiv(g.outputs, BLOCK_OUTPUTS);
  if (pixels < FEW_ROWS && g.group === 1 && g.rows.kernel * g.columns.kernel === 1 && !hasWindow(g)) {
    return launchRows(pixels, blocks, words, facts);
  }
  const shared = sharesLanes(facts);
  const definitions = shared && float ? { Sum: 'vec4f' } : {};
  if (shared && !isJoined && suits3x3(g)) {
    return {
      kernel: convBytes3x3Kernel,
      constants: {},
      definitions,
      params: {
        ...extents(g),
        blocks,
        chunk: float ? words : Math.floor(CHUNK_WORDS / 3),
        pad_h: g.rows.padBegin,
        pad_w: g.columns.padBegin,
      },
      workgroups: [blocks * ceilDiv(g.columns.output, COLUMNS_3X3), g.rows.output, g.batch],
    };
  }
  const chunk = float ? words : CHUNK_WORDS;
  const tile = shared ? { pixels: PIXELS, outputs: BLOCK_OUTPUTS } : tileFor(g, pixels);
  const groups = ceilDiv(pixels, tile.pixels);
  const layers = ceilDiv(groups, facts.limits.maxComputeWorkgroupsPerDimension);
  const constants = shared
    ? { WINDOW: Number(isJoined || hasWindow(g)) }
    : { TILE_PIXELS: tile.pixels, TILE_OUTPUTS: tile.outputs, STEP, WORKGROUP_SIZE: (tile.pixels / 8) * (tile.outputs / 4) };
  return {
    kernel: shared ? convBytesKernel : convBytesTiledKernel,
    constants: { ...constants, ONE_INPUT: Number(isJoined) },
    definitions,
    params: {
      pixels,
      group_blocks: blocks / g.group,
      ...extents(g),
      ...steps(g),
      ...(shared && { chunk, taps_together: float ? g.rows.kernel * g.columns.kernel : Math.max(1, Math.floor(chunk / words)) }),
    },
    workgroups: [ceilDiv(g.outputs, tile.outputs), ceilDiv(groups, layers), layers],
  };
};

/** CPU adapters multiply floats. */
const launchRows = (rows: number, blocks: number, words: number, { kind }: DeviceFacts): Launch => {
  const floats = {
    constants: { SLICES: 1 },
    definitions: { Part: 'vec4f' },
    functions: {
      products:
        'let v = bytes_of(a); return vec4f(dot(v, bytes_of(b.x)), dot(v, bytes_of(b.y)), dot(v, bytes_of(b.z)), dot(v, bytes_of(b.w)));',
      whole: `return vec4i(v * ${2 ** -48});`,
    },
    params: { chunk: CHUNK_WORDS },
  };
  const integers = { constants: { SLICES }, definitions: {}, functions: {}, params: { chunk: words } };
  return { kernel: matvecBytesKernel, ...(kind === 'cpu' ? floats : integers), workgroups: [blocks, rows, 1] };
};

/** Dot products of four bytes, where the device's language has them; the same sums by single products else. */
const dotFor = (facts: DeviceFacts): Record<string, string> =>
  !sharesLanes(facts) && facts.languageFeatures.includes('packed_4x8_integer_dot_product')
    ? { dot4: 'return dot4I8Packed(a, b);' }
    : {};
