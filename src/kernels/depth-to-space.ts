import type { DepthToSpaceAttributes } from '../ops/depth-to-space.js';
import { imageStrides } from '../tensor/layout.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest, TensorInfo } from './kernel.js';

/** Both operators are one copy over (n, c, h, row of the block, w, column of the block), read one way or the other. */
export const lowerDepthToSpace = (request: KernelRequest): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request as KernelRequest<DepthToSpaceAttributes>;
  const { blocksize: b, mode, channelsLast } = attributes;
  const forward = op === 'DepthToSpace';
  const [deep, wide] = (forward ? [inputs[0], outputs[0]] : [outputs[0], inputs[0]]) as [TensorInfo, TensorInfo];
  const from = imageStrides(deep.shape, channelsLast);
  const to = imageStrides(wide.shape, channelsLast);
  const [batch, x1, x2, x3] = deep.shape as readonly [number, number, number, number];
  const [height, width] = channelsLast ? [x1, x2] : [x2, x3];
  const channels = (channelsLast ? x3 : x1) / (b * b);
  const channelStep = from.c * (mode === 'DCR' ? 1 : b * b);
  const blockStep = from.c * (mode === 'DCR' ? channels : 1);
  const n = { extent: batch, deep: from.n, wide: to.n };
  const c = { extent: channels, deep: channelStep, wide: to.c };
  const pixels = [
    { extent: height, deep: from.h, wide: b * to.h },
    { extent: b, deep: b * blockStep, wide: to.h },
    { extent: width, deep: from.w, wide: b * to.w },
    { extent: b, deep: blockStep, wide: to.w },
  ];
  const loops = channelsLast ? [n, ...pixels, c] : [n, c, ...pixels];
  const [deepStrides, wideStrides] = [loops.map((loop) => loop.deep), loops.map((loop) => loop.wide)];
  return stridedCopy(
    {
      x: { input: 0 },
      y: { output: 0 },
      extents: loops.map((loop) => loop.extent),
      xStrides: forward ? deepStrides : wideStrides,
      yStrides: forward ? wideStrides : deepStrides,
    },
    facts,
  );
};
