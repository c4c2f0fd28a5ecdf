import type { DequantizeLinearAttributes } from '../src/ops/dequantize-linear.js';
import { f32 } from './quantize.js';
import { scaleIndex } from './quantize-linear.js';
import { forEachIndex, type Reference } from './reference.js';

/** y = (x - zero_point) * scale */
export const dequantizeLinear: Reference = ([x, scale, zero], attributes) => {
  const y = new Float64Array(x!.data.length);
  forEachIndex(x!.shape, (index, at) => {
    const k = scaleIndex(index, scale!.shape, attributes as DequantizeLinearAttributes);
    const steps = (x!.data[at] as number) - (zero ? (zero.data[k] as number) : 0);
    y[at] = f32(f32(steps) * (scale!.data[k] as number));
  });
  return [y];
};
