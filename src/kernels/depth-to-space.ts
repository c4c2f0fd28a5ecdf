import { depthToSpace } from '../../shaders/more.js';
import type { DepthToSpaceAttributes } from '../ops/depth-to-space.js';
import { imageStrides } from '../tensor/layout.js';
import { sizeOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';

export const depthToSpaceKernel: Kernel = { name: 'depth-to-space', wgsl: depthToSpace };
const WORKGROUP_SIZE = 64;

/** What lies where in the side that has the blocks as channels: strides of the channels left, and of places in a block. */
const blockStrides = ({ blocksize: b, mode }: DepthToSpaceAttributes, channels: number, stride: number) => ({
  channel: stride * (mode === 'DCR' ? 1 : b * b),
  place: stride * (mode === 'DCR' ? channels : 1),
});

export const lowerDepthToSpace = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as DepthToSpaceAttributes;
  const { channelsLast, blocksize, crop: [top = 0, left = 0] = [] } = a;
  const [x, y] = [inputs[0], outputs[0]] as readonly [TensorInfo, TensorInfo];
  const from = imageStrides(x.shape, channelsLast);
  const [, d1, d2, d3] = y.shape as readonly [number, number, number, number];
  const [channels, height, width] = channelsLast ? [d3, d1, d2] : [d1, d2, d3];
  const { channel, place } = blockStrides(a, channels, from.c);
  const lanes = channelsLast && channel === 1 && channels % 4 === 0 ? 4 : 1;
  const count = sizeOf(y.shape) / lanes;
  return [
    {
      kernel: depthToSpaceKernel,
      constants: { WORKGROUP_SIZE, CHANNELS_LAST: Number(channelsLast) },
      definitions: { Elem: lanes === 4 ? 'vec4u' : 'u32' },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels: channels / lanes,
        out_h: height,
        out_w: width,
        block: blocksize,
        top,
        left,
        x_n: from.n / lanes,
        x_c: lanes === 4 ? 1 : channel,
        x_place: place / lanes,
        x_h: from.h / lanes,
        x_w: from.w / lanes,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** One copy over (n, c, h, row of the block, w, column of the block). */
export const lowerSpaceToDepth = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as DepthToSpaceAttributes;
  const { blocksize: b, channelsLast } = a;
  const [wide, deep] = [inputs[0], outputs[0]] as readonly [TensorInfo, TensorInfo];
  const from = imageStrides(wide.shape, channelsLast);
  const to = imageStrides(deep.shape, channelsLast);
  const [batch, d1, d2, d3] = deep.shape as readonly [number, number, number, number];
  const [channels, height, width] = channelsLast ? [d3 / (b * b), d1, d2] : [d1 / (b * b), d2, d3];
  const { channel, place } = blockStrides(a, channels, to.c);
  const pixels = [
    { extent: height, deep: to.h, wide: b * from.h },
    { extent: b, deep: b * place, wide: from.h },
    { extent: width, deep: to.w, wide: b * from.w },
    { extent: b, deep: place, wide: from.w },
  ];
  const n = { extent: batch, deep: to.n, wide: from.n };
  const c = { extent: channels, deep: channel, wide: from.c };
  const loops = channelsLast ? [n, ...pixels, c] : [n, c, ...pixels];
  return stridedCopy(
    {
      x: { input: 0 },
      y: { output: 0 },
      extents: loops.map((loop) => loop.extent),
      xStrides: loops.map((loop) => loop.wide),
      yStrides: loops.map((loop) => loop.deep),
    },
    facts,
  );
};
