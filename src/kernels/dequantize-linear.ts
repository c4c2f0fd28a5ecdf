import { dequantizeBytes, dequantizeLinear } from '../../shaders/more.js';
import type { DequantizeLinearAttributes } from '../ops/dequantize-linear.js';
import { deviceElement } from '../tensor/dtype.js';
import { deviceWords, packedWords } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { scaleParams } from './quantize-linear.js';

export const dequantizeLinearKernel: Kernel = { name: 'dequantize-linear', wgsl: dequantizeLinear };
/** From packed bytes. */
export const dequantizeBytesKernel: Kernel = { name: 'dequantize-bytes', wgsl: dequantizeBytes };
const WORKGROUP_SIZE = 64;

export const lowerDequantizeLinear = (request: KernelRequest): Dispatch[] => {
  const { inputs, facts } = request;
  const attributes = request.attributes as DequantizeLinearAttributes;
  const [x, scale, zero] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo?];
  if (x.packed) return [dequantizePacked(request, x, scale, zero)];
  const count = sizeOf(x.shape);
  return [
    {
      kernel: dequantizeLinearKernel,
      constants: { WORKGROUP_SIZE, HAS_ZERO: Number(zero !== undefined) },
      definitions: { From: deviceElement(x.dtype) },
      functions: { epilogue: epilogueBody(attributes.epilogue) },
      libraries: epilogueLibraries(attributes.epilogue),
      // A kernel without zero point still has the binding: x stands in, unread.
      operands: { x: { input: 0 }, scale: { input: 1 }, zero: { input: zero ? 2 : 0 }, y: { output: 0 } },
      params: { count, ...scaleParams(x.shape, scale.shape, attributes) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** One scale for all, or one for each element of the last axis. */
const dequantizePacked = (
  { attributes, facts }: KernelRequest,
  x: TensorInfo,
  scale: TensorInfo,
  zero?: TensorInfo,
): Dispatch => {
  const { epilogue, writesChannelsFirst } = attributes as DequantizeLinearAttributes;
  const count = deviceWords(x.shape, true);
  const channels = x.shape.at(-1) ?? 1;
  const rows = sizeOf(writesChannelsFirst ? x.shape.slice(1, -1) : x.shape.slice(0, -1));
  return {
    kernel: dequantizeBytesKernel,
    constants: { WORKGROUP_SIZE, HAS_ZERO: Number(zero !== undefined) },
    definitions: { SHIFT: x.dtype === 'int8' ? '24u' : '0u' },
    functions: { epilogue: epilogueBody(epilogue) },
    libraries: epilogueLibraries(epilogue),
    // A kernel without zero point still has the binding: x stands in, unread.
    operands: { x: { input: 0 }, scale: { input: 1 }, zero_point: { input: zero ? 2 : 0 }, y: { output: 0 } },
    params: {
      count,
      words: packedWords(channels),
      channels,
      rows,
      image_stride: rows * channels,
      row_stride: writesChannelsFirst ? 1 : channels,
      channel_stride: writesChannelsFirst ? rows : 1,
      step: Number(sizeOf(scale.shape) > 1),
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};
