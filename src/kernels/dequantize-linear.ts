import { dequantizeBytes, dequantizeLinear } from '../../shaders/more.js';
import type { DequantizeLinearAttributes } from '../ops/dequantize-linear.js';
import { deviceElement } from '../tensor/dtype.js';
import { deviceWords, packedWords } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, spread, type TensorInfo } from './kernel.js';
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
  const places = scaleParams(x.shape, scale.shape, attributes);
  // Four neighbours share a scale.
  const lanes = places.inner % 4 === 0 && places.scale_inner === 0 ? 4 : 1;
  const { constants, count, workgroups } = spread(sizeOf(x.shape) / lanes, facts);
  const from = deviceElement(x.dtype);
  return [
    {
      kernel: dequantizeLinearKernel,
      constants: { ...constants, HAS_ZERO: Number(zero !== undefined), SHARED: Number(sizeOf(scale.shape) === 1) },
      definitions: {
        From: from,
        ...(lanes === 4 ? { Steps: `vec4<${from}>`, Difference: 'vec4i', Elem: 'vec4f' } : { Steps: from }),
      },
      functions: { epilogue: epilogueBody(attributes.epilogue, lanes) },
      libraries: epilogueLibraries(attributes.epilogue),
      // A kernel without zero point still has the binding: the scale stands in, unread.
      operands: { x: { input: 0 }, scale: { input: 1 }, zero: { input: zero ? 2 : 1 }, y: { output: 0 } },
      params: { count, ...places, inner: places.inner / lanes },
      workgroups,
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
