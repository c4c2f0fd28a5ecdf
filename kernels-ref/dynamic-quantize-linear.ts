import { f32, quantized } from './quantize.js';
import type { Reference } from './reference.js';

/** scale = (max - min) / 255, zero = round(-min / scale), y = saturate(round(x / scale) + zero), max and min including 0. */
export const dynamicQuantizeLinear: Reference = ([x]) => {
  const min = x!.data.reduce((a, b) => Math.min(a, b), 0);
  const max = x!.data.reduce((a, b) => Math.max(a, b), 0);
  const scale = max === min ? 1 : f32(f32(max - min) / 255);
  const zero = quantized(f32(-min / scale), 0, 'uint8');
  return [x!.data.map((v) => quantized(f32(v / scale), zero, 'uint8')), Float64Array.of(scale), Float64Array.of(zero)];
};
