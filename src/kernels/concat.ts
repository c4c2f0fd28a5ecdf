import { resolveAxis, stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest, TensorInfo } from './kernel.js';

/** One copy an input, each to its own range of the output. */
export const lowerConcat = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const yStrides = stridesOf(outputs[0]!.shape);
  const axis = resolveAxis(attributes.axis as number, yStrides.length) as number;
  let start = 0;
  return (inputs as readonly TensorInfo[]).flatMap(({ shape }, i) => {
    const yOffset = start * (yStrides[axis] as number);
    start += shape[axis] as number;
    const copy = { x: { input: i }, y: { output: 0 }, extents: shape, xStrides: stridesOf(shape), yStrides, yOffset };
    return stridedCopy(copy, facts);
  });
};
