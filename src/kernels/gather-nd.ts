import { gatherNd } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { MAX_LOOPS } from './strides.js';

export const gatherNdKernel: Kernel = { name: 'gather-nd', wgsl: gatherNd };
const WORKGROUP_SIZE = 64;

export const lowerGatherNd = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const [x, indices] = [inputs[0]!.shape, inputs[1]!.shape];
  const batch = attributes.batch_dims as number;
  const depth = indices.at(-1) as number;
  if (depth > MAX_LOOPS) throw new TilewiseError('unsupported-model', `indices of ${depth} axes (at most ${MAX_LOOPS})`);
  const slice = sizeOf(x.slice(batch + depth));
  const lanes = slice % 4 === 0 ? 4 : 1;
  const count = sizeOf(outputs[0]!.shape) / lanes;
  return [
    {
      kernel: gatherNdKernel,
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x: { input: 0 }, indices: { input: 1 }, y: { output: 0 } },
      params: {
        count,
        slice: slice / lanes,
        tuples: sizeOf(indices.slice(batch, -1)),
        batch_stride: sizeOf(x.slice(batch)) / lanes,
        depth,
        extents: x.slice(batch, batch + depth),
        strides: stridesOf(x)
          .slice(batch, batch + depth)
          .map((stride) => stride / lanes),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
