import { roiAlign } from '../../shaders/more.js';
import type { RoiAlignAttributes } from '../ops/roi-align.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const roiAlignKernel: Kernel = { name: 'roi-align', wgsl: roiAlign };
const WORKGROUP_SIZE = 64;

export const lowerRoiAlign = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as RoiAlignAttributes;
  const [batch, channels, in_h, in_w] = inputs[0]!.shape as readonly [number, number, number, number];
  const aligned = a.coordinate_transformation_mode === 'half_pixel';
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel: roiAlignKernel,
      constants: { WORKGROUP_SIZE, IS_MAX: Number(a.mode === 'max') },
      operands: { x: { input: 0 }, regions: { input: 1 }, images: { input: 2 }, y: { output: 0 } },
      params: {
        count,
        channels,
        batch,
        in_h,
        in_w,
        out_h: a.output_height,
        out_w: a.output_width,
        sampling_ratio: a.sampling_ratio,
        scale: a.spatial_scale,
        shift: aligned ? 0.5 : 0,
        least: aligned ? 0 : 1,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
