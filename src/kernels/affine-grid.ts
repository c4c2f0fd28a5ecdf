import { affineGrid } from '../../shaders/more.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const affineGridKernel: Kernel = { name: 'affine-grid', wgsl: affineGrid };
const WORKGROUP_SIZE = 64;

export const lowerAffineGrid = ({ attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = outputs[0]!;
  const image = shape.slice(1, -1);
  const count = sizeOf(shape);
  return [
    {
      kernel: affineGridKernel,
      constants: { WORKGROUP_SIZE, ALIGN_CORNERS: Number(attributes.align_corners) },
      operands: { theta: { input: 0 }, y: { output: 0 } },
      params: { count, axes: image.length, extents: image.toReversed() },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
