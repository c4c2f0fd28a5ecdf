import { TilewiseError } from '../errors.js';
import { affineOf, integersOf, type QuantizedType, type Range, requantized } from './affine.js';

/** What calibration saw of a tensor: bounds, and counts of equal bins from the least number to the largest. */
export interface Distribution {
  readonly low: number;
  readonly high: number;
  /** Empty where only the bounds were collected. */
  readonly counts: Float64Array;
}

/** How the range that is represented follows from a distribution. */
export type RangeMethod = 'min-max' | 'percentile' | 'mse' | 'entropy';

export interface RangeOptions {
  readonly method: RangeMethod;
  /** For 'percentile': how many of 100 numbers are represented, on each side. */
  readonly percentile: number;
  readonly type: QuantizedType;
  readonly symmetric: boolean;
}

/**
 * The range to represent.
 *
 * - min-max: all that was seen.
 * - percentile: all but the tails.
 * - mse: the range with the least mean squared error of rounding and clipping.
 * - entropy: the range whose quantized distribution has the least Kullback-Leibler divergence from the one seen
 *   (Migacz 2017, "8-bit Inference with TensorRT").
 */
export const chooseRange = (distribution: Distribution, options: RangeOptions): Range => {
  const { low, high, counts } = distribution;
  if (options.method === 'min-max' || !(low < high) || counts.length === 0) return [low, high];
  if (options.method === 'percentile') return percentileRange(distribution, options.percentile);
  return options.method === 'mse' ? mseRange(distribution, options) : entropyRange(distribution, options);
};

const widthOf = ({ low, high, counts }: Distribution): number => (high - low) / counts.length;

const percentileRange = (distribution: Distribution, percentile: number): Range => {
  if (!(percentile > 50 && percentile <= 100)) {
    throw new TilewiseError('invalid-argument', `the percentile must be above 50 and at most 100, got ${percentile}`);
  }
  const { low, high, counts } = distribution;
  const tail = counts.reduce((a, b) => a + b, 0) * (1 - percentile / 100);
  const cut = (from: number, step: number): number => {
    let passed = 0;
    let bin = from;
    while (passed + (counts[bin] as number) <= tail) {
      passed += counts[bin] as number;
      bin += step;
    }
    return bin;
  };
  const width = widthOf(distribution);
  return [low + cut(0, 1) * width, high - (counts.length - 1 - cut(counts.length - 1, -1)) * width];
};

/** Steps of a search, from a hundredth of the range to all of it. */
const STEPS = 100;

/** Both ends are shrunk together, then each by itself. */
const mseRange = (distribution: Distribution, options: RangeOptions): Range => {
  const { low, high } = distribution;
  const least = (candidates: readonly Range[]): Range => {
    const errors = candidates.map((range) => meanSquaredError(distribution, range, options));
    return candidates[errors.indexOf(Math.min(...errors))] as Range;
  };
  const fractions = Array.from({ length: STEPS }, (_, i) => (i + 1) / STEPS);
  const together = least(fractions.map((f) => [low * f, high * f]));
  if (low >= 0 || high <= 0) return together;
  const [, top] = least(fractions.map((f) => [together[0], high * f]));
  return least(fractions.map((f) => [low * f, top]));
};

/** Of rounding and clipping to the range, each bin standing for its middle; 0 has no error. */
const meanSquaredError = (distribution: Distribution, range: Range, { type, symmetric }: RangeOptions): number => {
  const { low, counts } = distribution;
  const width = widthOf(distribution);
  const affine = affineOf(range, type, symmetric);
  let [sum, total] = [0, 0];
  counts.forEach((count, bin) => {
    const x = low + (bin + 0.5) * width;
    total += count;
    if (count > 0 && Math.abs(x) > width / 2) sum += count * (requantized(x, affine, type) - x) ** 2;
  });
  return sum / total;
};

/** Magnitudes in bins from 0 on: the two sides of the distribution folded together. */
const magnitudes = (distribution: Distribution): { counts: Float64Array; most: number } => {
  const { low, high, counts } = distribution;
  const most = Math.max(Math.abs(low), Math.abs(high));
  const folded = new Float64Array(counts.length);
  const width = widthOf(distribution);
  counts.forEach((count, bin) => {
    const place = Math.floor((Math.abs(low + (bin + 0.5) * width) / most) * counts.length);
    const at = Math.min(counts.length - 1, place);
    folded[at] = (folded[at] as number) + count;
  });
  return { counts: folded, most };
};

/** For every bound on the magnitudes, how far the distribution in as many levels as the type has is from the one seen. */
const entropyRange = (distribution: Distribution, { type, symmetric }: RangeOptions): Range => {
  const { low, high } = distribution;
  const { counts, most } = magnitudes(distribution);
  const [first, last] = integersOf(type, symmetric);
  const levels = low < 0 && high > 0 ? Math.floor((last - first + 1) / 2) : last - first + 1;
  // Exact zeros (rectified values) are represented whatever the range is.
  counts[0] = counts[1] ?? 0;
  let best = counts.length;
  let least = Number.POSITIVE_INFINITY;
  for (let bins = levels; bins <= counts.length; bins += Math.max(1, Math.floor(levels / 16))) {
    const divergence = quantizedDivergence(counts, bins, levels);
    if (divergence < least) [best, least] = [bins, divergence];
  }
  const bound = (best / counts.length) * most;
  return [Math.max(low, -bound), Math.min(high, bound)];
};

/** Kullback-Leibler divergence of the first `bins` counts in `levels` steps from all counts clipped to those bins. */
const quantizedDivergence = (counts: Float64Array, bins: number, levels: number): number => {
  const clipped = counts.slice(0, bins);
  clipped[bins - 1] = (clipped[bins - 1] as number) + counts.subarray(bins).reduce((a, b) => a + b, 0);
  const coarse = new Float64Array(bins);
  for (let level = 0; level < levels; level++) {
    const [from, to] = [Math.floor((level * bins) / levels), Math.floor(((level + 1) * bins) / levels)];
    const part = counts.subarray(from, to);
    const used = part.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
    const mean = used === 0 ? 0 : part.reduce((a, b) => a + b, 0) / used;
    for (let bin = from; bin < to; bin++) if ((counts[bin] as number) > 0) coarse[bin] = mean;
  }
  const [total, coarseTotal] = [clipped, coarse].map((list) => list.reduce((a, b) => a + b, 0)) as [number, number];
  let sum = 0;
  clipped.forEach((count, bin) => {
    if (count === 0) return;
    const p = count / total;
    const q = Math.max(1e-12, (coarse[bin] as number) / coarseTotal);
    sum += p * Math.log(p / q);
  });
  return sum;
};
