import { gatherElements } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { resolveAxis, sizeOf, stridesOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';

export const gatherElementsKernel: Kernel = { name: 'gather-elements', wgsl: gatherElements };
const WORKGROUP_SIZE = 64;

export const lowerGatherElements = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const { shape } = outputs[0]!;
  const axis = resolveAxis(attributes.axis as number, x.length) as number;
  const from = stridesOf(x);
  const { extents, strides } = collapseLoops(shape, [from.with(axis, 0)]);
  if (extents.length > MAX_LOOPS) throw new TilewiseError('unsupported-model', `more than ${MAX_LOOPS} separate axes`);
  const count = sizeOf(shape);
  return [
    {
      kernel: gatherElementsKernel,
      operands: { x: { input: 0 }, indices: { input: 1 }, y: { output: 0 } },
      params: {
        count,
        rank: extents.length,
        extent: x[axis] as number,
        axis_stride: from[axis] as number,
        shape: extents.reverse(),
        strides: strides[0]!.reverse(),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
