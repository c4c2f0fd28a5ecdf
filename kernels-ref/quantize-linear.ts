import type { QuantizeLinearAttributes } from '../src/ops/quantize-linear.js';
import { f32, quantized } from './quantize.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** Index of the scale that belongs to an index of x: the only one, that of the axis, or that of a block along the axis. */
export const scaleIndex = (
  index: readonly number[],
  scale: readonly number[],
  { axis, block_size }: { readonly axis: number; readonly block_size: number },
): number => {
  if (scale.every((d) => d === 1)) return 0;
  const along = axis < 0 ? axis + index.length : axis;
  if (block_size === 0) return index[along] as number;
  return positionOf(index.with(along, Math.floor((index[along] as number) / block_size)), scale);
};

/** y = saturate(round(x / scale) + zero_point) */
export const quantizeLinear: Reference = ([x, scale, zero], given, [output]) => {
  const attributes = given as QuantizeLinearAttributes;
  const y = new Float64Array(x!.data.length);
  forEachIndex(x!.shape, (index, at) => {
    const k = scaleIndex(index, (scale as RefTensor).shape, attributes);
    const quotient = f32(f32(x!.data[at] as number) / (scale!.data[k] as number));
    y[at] = quantized(quotient, zero ? (zero.data[k] as number) : 0, output!.dtype);
  });
  return [y];
};
