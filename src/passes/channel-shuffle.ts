import type { LayoutRule } from './channels-last.js';

/**
 * The channel shuffle of ShuffleNet, written as Reshape [N, g, C/g, H, W], Transpose of the two groups of channels and
 * Reshape back: channels-last it is the same on the last axis, so that the region goes on.
 *
 * Source: Zhang et al., "ShuffleNet" (CVPR 2018), section 3.1.
 */
export const channelShuffle: LayoutRule = (node, walk) => {
  const input = node.inputs[0] as string;
  const split = walk.shape(node.outputs[0]);
  const transpose = walk.onlyReader(node.outputs[0] as string);
  const back = transpose && walk.onlyReader(transpose.outputs[0] as string);
  const shape = walk.shape(input);
  if (!walk.hasTwin(input) || shape?.length !== 4 || split?.length !== 5) return false;
  if (transpose?.op !== 'Transpose' || back?.op !== 'Reshape') return false;
  const perm = transpose.attributes.perm as readonly number[] | undefined;
  const swapsGroups = perm !== undefined && [0, 2, 1, 3, 4].every((axis, i) => axis === perm[i]);
  const restores = JSON.stringify(walk.shape(back.outputs[0])) === JSON.stringify(shape);
  const [n, groups, channels, h, w] = split as readonly [number, number, number, number, number];
  const keepsPixels = n === shape[0] && h === shape[2] && w === shape[3];
  if (!swapsGroups || !restores || !keepsPixels) return false;
  const apart = walk.addReshape(walk.twin(input), `${node.outputs[0]}.nhwc`, [n, h, w, groups, channels]);
  const swapped = walk.addNode(transpose, [apart], `${transpose.outputs[0]}.nhwc`, [n, h, w, channels, groups], {
    perm: [0, 1, 2, 4, 3],
  });
  walk.setTwin(back.outputs[0] as string, walk.addReshape(swapped, `${back.outputs[0]}.nhwc`, [n, h, w, groups * channels]));
  walk.absorb(transpose, back);
  return true;
};
