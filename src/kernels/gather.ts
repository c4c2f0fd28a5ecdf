import { gather } from '../../shaders/index.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const gatherKernel: Kernel = { name: 'gather', wgsl: gather };
const WORKGROUP_SIZE = 64;

export const lowerGather = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const axis = resolveAxis(attributes.axis as number, x.length) as number;
  const inner = sizeOf(x.slice(axis + 1));
  const lanes = inner % 4 === 0 ? 4 : 1;
  const count = sizeOf(outputs[0]!.shape) / lanes;
  return [
    {
      kernel: gatherKernel,
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x: { input: 0 }, indices: { input: 1 }, y: { output: 0 } },
      params: { count, extent: x[axis] as number, picks: sizeOf(inputs[1]!.shape), inner: inner / lanes },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
