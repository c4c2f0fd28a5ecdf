import { image } from '../../shaders/index.js';
import type { ImageAttributes } from '../ops/image.js';
import { type Dispatch, grid, type Kernel, type KernelRequest } from './kernel.js';

export const imageKernel: Kernel = { name: 'image', wgsl: image };
const WORKGROUP_SIZE = 64;

/** Values of the kernel's FILTER. */
const FILTERS: Readonly<Record<ImageAttributes['filter'], number>> = { nearest: 0, bilinear: 1, area: 2 };

/** For each channel, its share of red, green and blue. */
const MIXES: Readonly<Record<ImageAttributes['channels'], readonly (readonly [number, number, number])[]>> = {
  rgb: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  bgr: [
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
  ],
  gray: [[0.299, 0.587, 0.114]],
};

/** Decoded pixels to a normalised tensor: geometry, filter, channel order and layout in one dispatch. */
export const lowerImage = ({ attributes, inputs, facts }: KernelRequest): Dispatch[] => {
  const { width, height, channels, layout, filter, matrix, gain, offset, background } = attributes as ImageAttributes;
  const [sourceHeight, sourceWidth] = inputs[0]!.shape as readonly [number, number];
  const mixes = MIXES[channels];
  const count = width * height;
  return [
    {
      kernel: imageKernel,
      constants: { FILTER: FILTERS[filter] },
      operands: { pixels: { input: 0 }, y: { output: 0 } },
      params: {
        width,
        count,
        channels: mixes.length,
        channel_stride: layout === 'nchw' ? count : 1,
        pixel_stride: layout === 'nchw' ? 1 : mixes.length,
        source_width: sourceWidth,
        source_height: sourceHeight,
        matrix: [...matrix.slice(0, 3), 0, ...matrix.slice(3, 6), 0],
        weights: mixes.flatMap((mix, c) => [...mix.map((share) => share * (gain[c] as number)), offset[c] as number]),
        background,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
