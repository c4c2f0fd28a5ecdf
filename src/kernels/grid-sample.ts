import { gridSample, gridSampleWide } from '../../shaders/more.js';
import type { GridSampleAttributes } from '../ops/grid-sample.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { rejectMoreAxes, triple } from './windows-3d.js';

export const gridSampleKernel: Kernel = { name: 'grid-sample', wgsl: gridSample };
export const gridSampleWideKernel: Kernel = { name: 'grid-sample-wide', wgsl: gridSampleWide };
const WORKGROUP_SIZE = 64;

export const lowerGridSample = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const { align_corners, mode, padding_mode } = attributes as GridSampleAttributes;
  const [, channels, ...image] = inputs[0]!.shape as readonly [number, number, ...number[]];
  const { shape } = outputs[0]!;
  const count = sizeOf(shape);
  const PADDING = ['zeros', 'border', 'reflection'].indexOf(padding_mode);
  const common = { count, channels, pixels: sizeOf(shape.slice(2)) };
  const operands = { x: { input: 0 }, grid: { input: 1 }, y: { output: 0 } };
  const workgroups = grid(count, WORKGROUP_SIZE, facts);
  if (image.length !== 2 || mode === 'cubic') {
    rejectMoreAxes('GridSample', image.length);
    const TAPS = { nearest: 1, linear: 2, cubic: 4 }[mode];
    return [
      {
        kernel: gridSampleWideKernel,
        constants: { WORKGROUP_SIZE, PADDING, TAPS, ALIGN_CORNERS: Number(align_corners) },
        operands,
        params: { ...common, axes: image.length, extents: triple(image, 1) },
        workgroups,
      },
    ];
  }
  return [
    {
      kernel: gridSampleKernel,
      constants: {
        WORKGROUP_SIZE,
        PADDING,
        NEAREST: Number(mode === 'nearest'),
        ALIGN_CORNERS: Number(align_corners),
      },
      operands,
      params: { ...common, in_h: image[0] as number, in_w: image[1] as number },
      workgroups,
    },
  ];
};
