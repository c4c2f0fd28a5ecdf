import { gridSample } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { GridSampleAttributes } from '../ops/grid-sample.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const gridSampleKernel: Kernel = { name: 'grid-sample', wgsl: gridSample };
const WORKGROUP_SIZE = 64;

export const lowerGridSample = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { align_corners, mode, padding_mode } = attributes as GridSampleAttributes;
  const [, channels, ...image] = inputs[0]!.shape as readonly [number, number, ...number[]];
  if (image.length !== 2)
    throw new TilewiseError('unsupported-model', `GridSample over ${image.length} spatial axes has no kernel`);
  if (mode === 'cubic') throw new TilewiseError('unsupported-model', 'GridSample has no kernel for mode cubic');
  const { shape } = outputs[0]!;
  const count = sizeOf(shape);
  return [
    {
      kernel: gridSampleKernel,
      constants: {
        WORKGROUP_SIZE,
        PADDING: ['zeros', 'border', 'reflection'].indexOf(padding_mode),
        NEAREST: Number(mode === 'nearest'),
        ALIGN_CORNERS: Number(align_corners),
      },
      operands: { x: { input: 0 }, grid: { input: 1 }, y: { output: 0 } },
      params: { count, channels, pixels: sizeOf(shape.slice(2)), in_h: image[0] as number, in_w: image[1] as number },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
