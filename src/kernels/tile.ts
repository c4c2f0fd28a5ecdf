import { stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest } from './kernel.js';

/** A copy over (repeat, index) along each axis; the repeats do not move the place in x. */
export const lowerTile = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const [x, y] = [inputs[0]!.shape, outputs[0]!.shape];
  const [from, to] = [stridesOf(x), stridesOf(y)];
  return stridedCopy(
    {
      x: { input: 0 },
      y: { output: 0 },
      extents: x.flatMap((extent, axis) => [(y[axis] as number) / extent, extent]),
      xStrides: from.flatMap((stride) => [0, stride]),
      yStrides: to.flatMap((stride, axis) => [stride * (x[axis] as number), stride]),
    },
    facts,
  );
};
