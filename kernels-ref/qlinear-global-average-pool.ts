import type { QLinearGlobalAveragePoolAttributes } from '../src/ops/qlinear-global-average-pool.js';
import { at, f32, quantized } from './quantize.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** y = saturate(round(x_scale / (y_scale * positions) * sum of (x - x_zero_point)) + y_zero_point) */
export const qlinearGlobalAveragePool: Reference = ([x, xScale, xZero, yScale, yZero], attributes, [output]) => {
  const { channels_last } = attributes as QLinearGlobalAveragePoolAttributes;
  const { shape } = x!;
  const channels = channels_last ? shape.length - 1 : 1;
  const sums = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(shape, (index, i) => {
    const target = index.map((k, axis) => (axis === 0 || axis === channels ? k : 0));
    const y = positionOf(target, output!.shape);
    sums[y] = (sums[y] as number) + (x!.data[i] as number) - at(xZero, 0);
  });
  const positions = x!.data.length / sums.length;
  const scale = f32(at(xScale, 0) / f32(at(yScale, 0) * positions));
  return [sums.map((sum) => quantized(f32(f32(sum) * scale), at(yZero, 0), output!.dtype))];
};
