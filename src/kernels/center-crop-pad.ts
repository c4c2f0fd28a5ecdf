import { sameShape, stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest, Operand } from './kernel.js';

const ZERO: Operand = { packed: { layout: 'zero', words: new Uint32Array(1) } };

/** A copy of what is on both sides, over zeros where that is not everything. */
export const lowerCenterCropPad = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const y = outputs[0]!.shape;
  const kept = x.map((extent, axis) => Math.min(extent, y[axis] as number));
  const offset = (shape: readonly number[]): number =>
    stridesOf(shape).reduce(
      (sum, stride, axis) => sum + stride * Math.floor(((shape[axis] as number) - (kept[axis] as number)) / 2),
      0,
    );
  const target: Operand = { output: 0 };
  const zeros = { x: ZERO, y: target, extents: y, xStrides: y.map(() => 0), yStrides: stridesOf(y) };
  const middle = { x: { input: 0 }, y: target, extents: kept, xStrides: stridesOf(x), yStrides: stridesOf(y) };
  return [
    ...(sameShape(kept, y) ? [] : stridedCopy(zeros, facts)),
    ...stridedCopy({ ...middle, xOffset: offset(x), yOffset: offset(y) }, facts),
  ];
};
