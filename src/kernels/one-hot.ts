import { oneHot } from '../../shaders/more.js';
import { deviceElement } from '../tensor/dtype.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const oneHotKernel: Kernel = { name: 'one-hot', wgsl: oneHot };
const WORKGROUP_SIZE = 64;

export const lowerOneHot = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = outputs[0]!;
  const axis = resolveAxis(attributes.axis as number, shape.length) as number;
  const count = sizeOf(shape);
  return [
    {
      kernel: oneHotKernel,
      definitions: { Index: deviceElement(inputs[0]!.dtype) },
      operands: { indices: { input: 0 }, values: { input: 2 }, y: { output: 0 } },
      params: { count, depth: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
