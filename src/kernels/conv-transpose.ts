import { convTranspose } from '../../shaders/more.js';
import type { ConvTransposeAttributes } from '../ops/conv-transpose.js';
import { imageStrides } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { type TransposedWindow, transposedWindows } from '../tensor/transposed-window.js';
import { lowerConvTranspose3d } from './conv-3d.js';
import { lowerEpilogue } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const convTransposeKernel: Kernel = { name: 'conv-transpose', wgsl: convTranspose };
const WORKGROUP_SIZE = 64;
const POINT: TransposedWindow = { input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, output: 1 };

/** Each output sums the taps that reach it; a 1-D convolution has a single row. */
export const lowerConvTranspose = (given: KernelRequest): Dispatch[] => {
  const { attributes, inputs, outputs, facts } = given as KernelRequest<ConvTransposeAttributes>;
  const [x, weight, bias] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo | undefined];
  const { channelsLast, group } = attributes;
  if (x.shape.length > 4) return lowerConvTranspose3d(given);
  const { functions, libraries, operands } = lowerEpilogue(given, { input: 0 });
  const pixels = channelsLast ? x.shape.slice(1, -1) : x.shape.slice(2);
  const windows = transposedWindows(pixels, attributes, weight.shape.slice(2));
  const columns = windows.pop() as TransposedWindow;
  const rows = windows.pop() ?? POINT;
  const [batch, channels] = [x.shape[0] as number, weight.shape[0] as number];
  const extents = [rows.input, columns.input];
  const strides = imageStrides(channelsLast ? [batch, ...extents, channels] : [batch, channels, ...extents], channelsLast);
  const groupOutputs = weight.shape[1] as number;
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel: convTransposeKernel,
      constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(channelsLast), HAS_BIAS: Number(bias !== undefined) },
      functions,
      libraries,
      // A kernel without bias still has the binding: the weight stands in, unread.
      operands: { x: { input: 0 }, weight: { input: 1 }, bias: { input: bias ? 2 : 1 }, y: { output: 0 }, ...operands },
      params: {
        count,
        outputs: groupOutputs * group,
        group_outputs: groupOutputs,
        group_inputs: channels / group,
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
