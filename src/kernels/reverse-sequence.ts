import { reverseSequence } from '../../shaders/more.js';
import type { ReverseSequenceAttributes } from '../ops/reverse-sequence.js';
import { resolveAxis, sizeOf, stridesOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const reverseSequenceKernel: Kernel = { name: 'reverse-sequence', wgsl: reverseSequence };
const WORKGROUP_SIZE = 64;

export const lowerReverseSequence = ({ attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const { batch_axis, time_axis } = attributes as ReverseSequenceAttributes;
  const { shape } = inputs[0]!;
  const strides = stridesOf(shape);
  const [batch, time] = [batch_axis, time_axis].map((axis) => resolveAxis(axis, shape.length)) as [number, number];
  const count = sizeOf(shape);
  return [
    {
      kernel: reverseSequenceKernel,
      constants: { WORKGROUP_SIZE },
      operands: { x: { input: 0 }, lens: { input: 1 }, y: { output: 0 } },
      params: {
        count,
        batch: shape[batch] as number,
        batch_stride: strides[batch] as number,
        time: shape[time] as number,
        time_stride: strides[time] as number,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
