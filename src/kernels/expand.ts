import { stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest } from './kernel.js';
import { broadcastStrides } from './strides.js';

export const lowerExpand = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const extents = outputs[0]!.shape;
  const xStrides = broadcastStrides(inputs[0]!.shape, extents);
  return stridedCopy({ x: { input: 0 }, y: { output: 0 }, extents, xStrides, yStrides: stridesOf(extents) }, facts);
};
