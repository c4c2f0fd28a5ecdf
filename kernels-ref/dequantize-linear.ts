import type { DequantizeLinearAttributes } from '../src/ops/dequantize-linear.js';
import { f32 } from './quantize.js';
import { forEachScale, reordered } from './quantize-linear.js';
import type { Reference } from './reference.js';

/** y = (x - zero_point) * scale */
export const dequantizeLinear: Reference = ([x, scale, zero], attributes) => {
  const y = new Float64Array(x!.data.length);
  forEachScale(x!, scale!, attributes as DequantizeLinearAttributes, (i, k) => {
    const steps = (x!.data[i] as number) - (zero ? (zero.data[k] as number) : 0);
    y[i] = f32(f32(steps) * (scale!.data[k] as number));
  });
  const { writesChannelsFirst } = attributes as DequantizeLinearAttributes;
  return [writesChannelsFirst ? reordered(y, x!.shape, true) : y];
};
