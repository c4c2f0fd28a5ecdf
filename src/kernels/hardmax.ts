import { hardmax } from '../../shaders/more.js';
import { resolveAxis, sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const hardmaxKernel: Kernel = { name: 'hardmax', wgsl: hardmax };
const WORKGROUP_SIZE = 64;

export const lowerHardmax = ({ attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = inputs[0]!;
  const axis = resolveAxis(attributes.axis as number, shape.length) as number;
  const end = attributes.toEnd ? shape.length : axis + 1;
  const extent = sizeOf(shape.slice(axis, end));
  const count = sizeOf(shape) / extent;
  return [
    {
      kernel: hardmaxKernel,
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, extent, inner: sizeOf(shape.slice(end)) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
