import { pool } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { AveragePoolAttributes, PoolAttributes } from '../ops/pool.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { slidingWindows, type Window } from '../tensor/window.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { lowerMaxPoolIndices, lowerPool3d } from './pool-3d.js';
import { formulaFor } from './reduce.js';

export const poolKernel: Kernel = { name: 'pool', wgsl: pool };
const WORKGROUP_SIZE = 64;

/** Along an axis that the input does not have. */
const NO_AXIS: Window = { input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1 };

/** MaxPool and AveragePool. */
export const lowerPool = (request: KernelRequest): Dispatch[] => {
  const { op, inputs, outputs } = request;
  const windows = windowsOf(request);
  const indices = outputs[1] ? lowerMaxPoolIndices(request, windows) : [];
  if (!outputs[0]) return indices;
  if (windows.length <= 2) return [...lowerImagePool(request, windows), ...indices];
  const x = inputs[0] as TensorInfo;
  const { formula, neutral } = formulaFor(op === 'MaxPool' ? 'ReduceMax' : 'ReduceSum', x, 1);
  const countPadding = (request.attributes as unknown as AveragePoolAttributes).count_include_pad;
  const pooling = {
    combine: `return ${formula.combine};`.replaceAll('BITS', 'u32'),
    finish: op === 'AveragePool' ? 'return v / taps;' : 'return v;',
    neutral,
    countPadding,
  };
  return [...lowerPool3d(request, windows, pooling), ...indices];
};

/** Over one or two spatial axes. */
const lowerImagePool = (request: KernelRequest, windows: readonly Window[]): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request;
  const x = inputs[0] as TensorInfo;
  const { channelsLast, epilogue, count_include_pad } = attributes as unknown as AveragePoolAttributes;
  const rows = windows.at(-2) ?? NO_AXIS;
  const columns = windows.at(-1) as Window;
  const allChannels = (channelsLast ? x.shape.at(-1) : x.shape[1]) as number;
  const lanes = channelsLast && allChannels % 4 === 0 ? 4 : 1;
  const channels = allChannels / lanes;
  const count = sizeOf(outputs[0]!.shape) / lanes;
  const element = deviceElement(x.dtype);
  const { formula, neutral } = formulaFor(op === 'MaxPool' ? 'ReduceMax' : 'ReduceSum', x, 1);
  const average = op === 'AveragePool';
  const inside = rows.kernel * columns.kernel <= MOST_UNROLLED && [rows, columns].every(staysInside);
  return [
    {
      kernel: poolKernel,
      constants: { CHANNELS_LAST: channelsLast ? 1 : 0, INSIDE: Number(inside), WORKGROUP_SIZE },
      definitions: { Scalar: element, Elem: lanes === 4 ? `vec4<${element}>` : element },
      functions: {
        combine: `return ${formula.combine};`.replaceAll('BITS', lanes === 4 ? 'vec4u' : 'u32'),
        finish: average ? 'return v / taps;' : 'return v;',
        epilogue: epilogueBody(epilogue, lanes, element),
        ...(rows.dilation * columns.dilation === 1 && { first_tap: 'return max(0, edge - start);' }),
        ...(inside && { window: allTaps(rows, columns) }),
      },
      libraries: epilogueLibraries(epilogue),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels,
        ...stridesFor(channelsLast, channels, rows.input, columns.input),
        ...windowParams(rows, columns, average && count_include_pad),
        neutral,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** Taps of a window that are written out one by one. */
const MOST_UNROLLED = 16;

const staysInside = ({ input, kernel, stride, dilation, padBegin, output }: Window): boolean =>
  padBegin === 0 && (output - 1) * stride + (kernel - 1) * dilation < input;

/** The body of the kernel's `window`. */
const allTaps = (rows: Window, columns: Window): string => {
  const taps = Array.from({ length: rows.kernel * columns.kernel }, (_, i) => {
    const [row, column] = [Math.floor(i / columns.kernel) * rows.dilation, (i % columns.kernel) * columns.dilation];
    return `x[at + ${row}u * params.h_stride + ${column}u * params.w_stride]`;
  });
  return `return ${taps.reduce((sum, tap) => `combine(${sum}, ${tap})`, 'Elem(bitcast<Scalar>(params.neutral))')};`;
};

const windowsOf = ({ op, attributes, inputs }: KernelRequest): Window[] => {
  const pool = attributes as unknown as PoolAttributes;
  const { shape } = inputs[0] as TensorInfo;
  const extents = pool.channelsLast ? shape.slice(1, -1) : shape.slice(2);
  const windows = slidingWindows(extents, pool, pool.kernel_shape, pool.ceil_mode);
  if (windows.some(({ input, padBegin, padEnd, dilation }) => input + padBegin + padEnd + dilation >= 2 ** 31)) {
    throw new TilewiseError('unsupported-model', `${op} over padded extents beyond 2^31`);
  }
  return windows;
};

const stridesFor = (channelsLast: boolean, channels: number, height: number, width: number): Record<string, number> => ({
  n_stride: channels * height * width,
  c_stride: channelsLast ? 1 : height * width,
  h_stride: channelsLast ? width * channels : width,
  w_stride: channelsLast ? channels : 1,
});

const windowParams = (rows: Window, columns: Window, countPadding: boolean): Record<string, number> => ({
  out_height: rows.output,
  out_width: columns.output,
  in_height: rows.input,
  in_width: columns.input,
  kernel_height: rows.kernel,
  kernel_width: columns.kernel,
  stride_height: rows.stride,
  stride_width: columns.stride,
  dilation_height: rows.dilation,
  dilation_width: columns.dilation,
  pad_top: rows.padBegin,
  pad_left: columns.padBegin,
  counted_top: countPadding ? -rows.padBegin : 0,
  counted_left: countPadding ? -columns.padBegin : 0,
  counted_bottom: rows.input + (countPadding ? rows.padEnd : 0),
  counted_right: columns.input + (countPadding ? columns.padEnd : 0),
});
