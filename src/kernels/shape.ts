import { stridedCopy } from './copy.js';
import type { Dispatch, KernelRequest } from './kernel.js';

/** The extents are known when the plan is made: they are uploaded and copied. Passes fold most of these away. */
export const lowerShape = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const extents = inputs[0]!.shape.slice(attributes.start as number, attributes.end as number | undefined);
  const x = { packed: { layout: 'extents', words: Int32Array.from(extents) } };
  return stridedCopy({ x, y: { output: 0 }, extents: outputs[0]!.shape, xStrides: [1], yStrides: [1] }, facts);
};
