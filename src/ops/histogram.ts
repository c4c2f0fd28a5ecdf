import type { Attributes } from '../graph/graph.js';
import { float, int } from './attributes.js';
import { defineOperator, elements, fail, input } from './operator.js';

export interface HistogramAttributes extends Attributes {
  /** Where the first bin begins and the last one ends. */
  readonly low: number;
  readonly high: number;
  readonly bins: number;
}

/** Counts for which a workgroup has room on every device. */
export const MOST_BINS = 4096;

/**
 * counts[b] = how many elements of x are in bin b, of `bins` equal ones from low to high. What lies outside counts in
 * the first or last bin, NaN nowhere. Positions are (x - low) * (bins / (high - low)) in float32.
 */
export const histogram = defineOperator<HistogramAttributes>({
  name: 'tilewise.Histogram',
  attributes: { low: float(), high: float(), bins: int(undefined, 1, MOST_BINS) },
  inputs: [1, 1],
  infer: (context) => {
    const { low, high, bins } = context.attributes;
    const { dtype } = input(context as never, 0);
    if (dtype !== 'float32') fail(`the input must be float32, got ${dtype}`);
    if (!(low < high) || ![low, high, Math.fround(bins / (high - low))].every(Number.isFinite)) {
      fail(`bins from ${low} to ${high} are not possible`);
    }
    return [{ dtype: 'uint32', shape: [bins] }];
  },
  macs: (context) => elements(input(context as never, 0).shape),
});
