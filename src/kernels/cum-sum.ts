import { cumSum } from '../../shaders/more.js';
import { deviceElement } from '../tensor/dtype.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { constantNumbers } from './constant-input.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const cumSumKernel: Kernel = { name: 'cum-sum', wgsl: cumSum };
const WORKGROUP_SIZE = 64;

export const lowerCumSum = ({ attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const { dtype, shape } = inputs[0] as TensorInfo;
  const [given] = constantNumbers(inputs[1], 'the axis of a cumulative sum');
  const axis = resolveAxis(given as number, shape.length) as number;
  const extent = shape[axis] as number;
  const count = sizeOf(shape) / extent;
  return [
    {
      kernel: cumSumKernel,
      constants: { WORKGROUP_SIZE, EXCLUSIVE: Number(attributes.exclusive), REVERSE: Number(attributes.reverse) },
      definitions: { Elem: deviceElement(dtype) },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, extent, inner: sizeOf(shape.slice(axis + 1)), block: Math.ceil(Math.sqrt(extent)) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
