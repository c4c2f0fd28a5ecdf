import type { HistogramAttributes } from '../src/ops/histogram.js';
import { f32 } from './quantize.js';
import type { Reference } from './reference.js';

/** counts[b] = how many x have floor((x - low) * bins / (high - low)) = b, held between 0 and bins - 1 */
export const histogram: Reference = ([x], attributes) => {
  const { low, high, bins } = attributes as HistogramAttributes;
  const perUnit = f32(bins / (high - low));
  const counts = new Float64Array(bins);
  for (const value of x!.data) {
    if (Number.isNaN(value)) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(f32(f32(value - f32(low)) * perUnit))));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return [counts];
};
