import { resolveAxis, stridesOf } from '../tensor/shape.js';
import { constantNumbers, optionalNumbers } from './constant-input.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest } from './kernel.js';

/** The first element taken from `extent` of them, of which at least one is taken. */
const firstIndex = (start: number, extent: number): number =>
  Math.min(extent - 1, Math.max(0, start < 0 ? start + extent : start));

/** A copy that begins at the first element taken and goes on in (possibly negative) multiples of the strides of x. */
export const lowerSlice = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const starts = constantNumbers(inputs[1], 'the starts of a Slice');
  const axes = optionalNumbers(inputs[3], 'the axes of a Slice') ?? starts.map((_, i) => i);
  const steps = optionalNumbers(inputs[4], 'the steps of a Slice') ?? starts.map(() => 1);
  const xStrides = stridesOf(x);
  let xOffset = 0;
  axes.forEach((given, i) => {
    const axis = resolveAxis(given, x.length) as number;
    const stride = xStrides[axis] as number;
    xOffset += firstIndex(starts[i] as number, x[axis] as number) * stride;
    // A step beyond the extent takes one element: its stride is never used, and must not overflow the kernel's.
    xStrides[axis] = Math.abs(steps[i] as number) > (x[axis] as number) ? stride : stride * (steps[i] as number);
  });
  const extents = outputs[0]!.shape;
  return stridedCopy({ x: { input: 0 }, y: { output: 0 }, extents, xStrides, yStrides: stridesOf(extents), xOffset }, facts);
};
