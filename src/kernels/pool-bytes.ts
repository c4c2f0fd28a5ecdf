import { poolBytes } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { PoolAttributes } from '../ops/pool.js';
import type { QLinearAveragePoolAttributes } from '../ops/pool-bytes.js';
import { integerRange } from '../tensor/dtype.js';
import { deviceWords, packedWords } from '../tensor/layout.js';
import { slidingWindows, type Window } from '../tensor/window.js';
import { POINT } from './conv-geometry.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { factor, packedFloats, scalarOf } from './requantize.js';

export const poolBytesKernel: Kernel = { name: 'pool-bytes', wgsl: poolBytes };
const WORKGROUP_SIZE = 64;

/** The factor of the sum of so many elements: x_scale / (y_scale * taps), in float32. */
const factorsFor = (taps: number, xScale: number, yScale: number): Operand =>
  packedFloats(
    'x_scale / (y_scale * taps)',
    Array.from({ length: taps + 1 }, (_, n) => (n === 0 ? 0 : factor(xScale / Math.fround(yScale * n)))),
  );

/** Strides of x in words: channels-last with four channels a word, or an element a word in either order. */
const stridesFor = (words: number, height: number, width: number, channelsLast: boolean) => {
  const image = words * height * width;
  return channelsLast
    ? { x_n: image, x_h: width * words, x_w: words, x_c: 1 }
    : { x_n: image, x_h: width, x_w: 1, x_c: height * width };
};

/** What turns a word of one element into four, and back. */
const SINGLE = { bytes_of: 'return vec4i(bitcast<i32>(word));', word_of: 'return bitcast<u32>(v.x);' };

/** Windows over the spatial axes of x: one or two. */
const pool = (
  { inputs, outputs, facts }: KernelRequest,
  windows: readonly Window[],
  channelsLast: boolean,
  countPadding: boolean,
  factors: Operand | undefined,
  zeros: { readonly x_zero: number; readonly zero: number },
): Dispatch => {
  const { shape, dtype, packed } = outputs[0]!;
  const [columns, rows] = [windows.at(-1) ?? POINT, windows.at(-2) ?? POINT];
  const [low, high] = integerRange(dtype) as readonly [number, number];
  if (windows.length > 2) throw new TilewiseError('unsupported-model', `pooling of bytes over ${windows.length} spatial axes`);
  if (packed !== inputs[0]!.packed || (packed && !channelsLast))
    throw new TilewiseError('internal', 'bytes are packed channels-last');
  const channels = (channelsLast ? shape.at(-1) : shape[1]) as number;
  const words = packed ? packedWords(channels) : channels;
  const counted = ({ input, padBegin, padEnd }: Window) => (countPadding ? input + padBegin + padEnd : input);
  const count = deviceWords(shape, packed);
  return {
    kernel: poolBytesKernel,
    constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(channelsLast), MAXIMUM: Number(factors === undefined) },
    functions: !packed ? SINGLE : dtype === 'int8' ? { bytes_of: SIGNED } : {},
    operands: { x: { input: 0 }, factors: factors ?? { input: 0 }, y: { output: 0 } },
    params: {
      count,
      words,
      ...stridesFor(words, rows.input, columns.input, channelsLast),
      in_h: rows.input,
      in_w: columns.input,
      out_h: rows.output,
      out_w: columns.output,
      kernel_h: rows.kernel,
      kernel_w: columns.kernel,
      stride_h: rows.stride,
      stride_w: columns.stride,
      dilation_h: rows.dilation,
      dilation_w: columns.dilation,
      pad_h: rows.padBegin,
      pad_w: columns.padBegin,
      counted_h: counted(rows),
      counted_w: counted(columns),
      counted_pad_h: countPadding ? rows.padBegin : 0,
      counted_pad_w: countPadding ? columns.padBegin : 0,
      low,
      high,
      ...zeros,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

const SIGNED = 'return (vec4i(bitcast<i32>(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u);';

const windowsOf = ({ inputs, attributes }: KernelRequest, channelsLast: boolean): Window[] => {
  const { kernel_shape, ceil_mode, ...window } = attributes as unknown as PoolAttributes;
  const { shape } = inputs[0]!;
  return slidingWindows(channelsLast ? shape.slice(1, -1) : shape.slice(2), { ...window, kernel_shape }, kernel_shape, ceil_mode);
};

export const lowerMaxPoolBytes = (request: KernelRequest): Dispatch[] => [
  pool(request, windowsOf(request, true), true, false, undefined, { x_zero: 0, zero: 0 }),
];

export const lowerQLinearAveragePool = (request: KernelRequest): Dispatch[] => {
  const [, xScale, xZero, yScale, yZero] = request.inputs as readonly TensorInfo[];
  const { count_include_pad, channels_last } = request.attributes as unknown as QLinearAveragePoolAttributes;
  const windows = windowsOf(request, channels_last);
  const taps = windows.reduce((product, { kernel }) => product * kernel, 1);
  const factors = factorsFor(taps, scalarOf(xScale), scalarOf(yScale));
  return [pool(request, windows, channels_last, count_include_pad, factors, { x_zero: scalarOf(xZero), zero: scalarOf(yZero) })];
};

/** One window over all positions. */
export const globalAverageBytes = (request: KernelRequest): Dispatch => {
  const [x, xScale, xZero, yScale, yZero] = request.inputs as readonly TensorInfo[];
  const windows = x!.shape.slice(1, -1).map((input) => ({ ...POINT, input, kernel: input }));
  const taps = windows.reduce((product, { kernel }) => product * kernel, 1);
  const factors = factorsFor(taps, scalarOf(xScale), scalarOf(yScale));
  return pool(request, windows, true, false, factors, { x_zero: scalarOf(xZero), zero: scalarOf(yZero) });
};
