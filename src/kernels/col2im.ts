import { col2im } from '../../shaders/more.js';
import type { Col2ImAttributes } from '../ops/col2im.js';
import { sizeOf } from '../tensor/shape.js';
import { slidingWindows } from '../tensor/window.js';
import { constantNumbers } from './constant-input.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';
import { rejectMoreAxes, stepsOf } from './windows-3d.js';

export const col2imKernel: Kernel = { name: 'col2im', wgsl: col2im };
const WORKGROUP_SIZE = 64;

export const lowerCol2Im = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const image = constantNumbers(inputs[1], 'the extents of the image of a Col2Im');
  const block = constantNumbers(inputs[2], 'the extents of the blocks of a Col2Im');
  rejectMoreAxes('Col2Im', image.length);
  const all = { ...(attributes as Col2ImAttributes), auto_pad: 'NOTSET', kernel_shape: block } as const;
  const { in_extents, out_extents, kernel, strides, dilations, pads } = stepsOf(slidingWindows(image, all, block));
  const count = sizeOf(outputs[0]!.shape);
  return [
    {
      kernel: col2imKernel,
      constants: { WORKGROUP_SIZE },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count, image: in_extents, places: out_extents, kernel, strides, dilations, pads },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
