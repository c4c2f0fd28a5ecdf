import { dequantizeLinear } from '../../shaders/more.js';
import type { DequantizeLinearAttributes } from '../ops/dequantize-linear.js';
import { deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { scaleParams } from './quantize-linear.js';

export const dequantizeLinearKernel: Kernel = { name: 'dequantize-linear', wgsl: dequantizeLinear };
const WORKGROUP_SIZE = 64;

export const lowerDequantizeLinear = (request: KernelRequest): Dispatch[] => {
  const { inputs, facts } = request;
  const attributes = request.attributes as DequantizeLinearAttributes;
  const [x, scale, zero] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo?];
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
