import { lpPool } from '../../shaders/more.js';
import type { LpPoolAttributes } from '../ops/lp-pool.js';
import { imageStrides } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { slidingWindows, type Window } from '../tensor/window.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { lowerPool3d } from './pool-3d.js';

export const lpPoolKernel: Kernel = { name: 'lp-pool', wgsl: lpPool };
const WORKGROUP_SIZE = 64;

const over = (input: number): Window => ({ input, kernel: input, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1 });

/** v^p as a product, so that no logarithm is taken. */
const product = (p: number): string => new Array(p).fill('v').join(' * ');

const root = (p: number): string => {
  if (p <= 2) return p === 1 ? 'return v;' : 'return sqrt(v);';
  return `return select(pow(v, ${Math.fround(1 / p)}), v, v == 0);`;
};

/** LpPool and GlobalLpPool, whose one window is the image. */
export const lowerLpPool = (request: KernelRequest): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request as KernelRequest<LpPoolAttributes>;
  const { shape } = inputs[0] as TensorInfo;
  const { channelsLast, epilogue, p } = attributes;
  const channels = (channelsLast ? shape.at(-1) : shape[1]) as number;
  const extents = channelsLast ? shape.slice(1, -1) : shape.slice(2);
  const windows =
    op === 'GlobalLpPool'
      ? [over(sizeOf(extents))]
      : slidingWindows(extents, attributes, attributes.kernel_shape as readonly number[], attributes.ceil_mode);
  if (windows.length > 2) {
    const combine = `let v = abs(b); return a + ${product(p)};`;
    return lowerPool3d(request, windows, { combine, finish: root(p), neutral: 0, countPadding: false });
  }
  const columns = windows.pop() as Window;
  const rows = windows.pop() ?? over(1);
  const image = [rows.input, columns.input];
  const [batch] = shape as [number];
  const strides = imageStrides(channelsLast ? [batch, ...image, channels] : [batch, channels, ...image], channelsLast);
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel: lpPoolKernel,
      constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(channelsLast) },
      functions: { power: `return ${product(p)};`, root: root(p), epilogue: epilogueBody(epilogue) },
      libraries: epilogueLibraries(epilogue),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels,
        x_n: strides.n,
        x_c: strides.c,
        x_h: strides.h,
        x_w: strides.w,
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
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
