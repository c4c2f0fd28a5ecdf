import { toDeviceWords } from '../tensor/convert.js';
import { stridesOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, type KernelRequest, packOnce } from './kernel.js';

const ZERO = { layout: 'zero', words: new Uint32Array(1) };

/** One value copied to every element. */
export const lowerConstantOfShape = ({ attributes, outputs, facts }: KernelRequest): Dispatch[] => {
  const value = attributes.value as Tensor | undefined;
  const packed = value ? packOnce(value, 'plain', () => toDeviceWords(value.type, value.data, 'value')) : ZERO;
  const extents = outputs[0]!.shape;
  const yStrides = stridesOf(extents);
  return stridedCopy({ x: { packed }, y: { output: 0 }, extents, xStrides: extents.map(() => 0), yStrides }, facts);
};
