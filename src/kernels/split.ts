import { resolveAxis, stridesOf } from '../tensor/shape.js';
import { optionalNumbers } from './constant-input.js';
import { stridedCopy } from './copy.js';
import { ceilDiv, type Dispatch, type KernelRequest, type TensorInfo } from './kernel.js';

/** Where each part begins along the axis. */
const partStarts = (sizes: TensorInfo | undefined, extent: number, parts: number): number[] => {
  const given = optionalNumbers(sizes, 'the sizes of a Split');
  const even = ceilDiv(extent, parts);
  let start = 0;
  return Array.from({ length: parts }, (_, i) => {
    const here = start;
    start += given?.[i] ?? even;
    return here;
  });
};

/** One copy an output that is wanted. */
export const lowerSplit = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const x = inputs[0]!.shape;
  const xStrides = stridesOf(x);
  const axis = resolveAxis(attributes.axis as number, x.length) as number;
  const starts = partStarts(inputs[1], x[axis] as number, outputs.length);
  return outputs.flatMap((output, i) => {
    if (!output) return [];
    const xOffset = (starts[i] as number) * (xStrides[axis] as number);
    const extents = output.shape;
    const copy = { x: { input: 0 }, y: { output: i }, extents, xStrides, yStrides: stridesOf(extents), xOffset };
    return stridedCopy(copy, facts);
  });
};
