import { toNumbers } from '../tensor/convert.js';
import type { Tensor } from '../tensor/tensor.js';

/** One element of two tensors. */
export interface ElementError {
  /** Along each dimension. */
  readonly index: readonly number[];
  readonly actual: number;
  readonly expected: number;
  readonly error: number;
}

/** Elements whose error, over the largest magnitude that is expected, is from `from` up to below `to`. */
export interface ErrorBin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface NonFinite {
  readonly nan: number;
  readonly infinite: number;
}

export interface ErrorStatistics {
  /** The elements with the largest errors, the largest first. */
  readonly worst: readonly ElementError[];
  /** Errors by decades: exact ones in the first bin, those that are not finite, or as large as the values, in the last. */
  readonly histogram: readonly ErrorBin[];
  readonly nonFinite: { readonly actual: NonFinite; readonly expected: NonFinite };
  /** The largest finite magnitude that is expected. */
  readonly largest: number;
}

/** Powers of ten between which errors are counted: 0, up to 1e-9, ... up to 1, and beyond. */
const FIRST_DECADE = -9;
const DECADES = 10;

export const errorStatistics = (
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  shape: readonly number[],
  keep = 5,
): ErrorStatistics => {
  const largest = largestOf(expected);
  const counts = new Array<number>(DECADES + 2).fill(0);
  const worst: { position: number; error: number }[] = [];
  for (let i = 0; i < expected.length; i++) {
    const error = errorAt(actual[i] as number, expected[i] as number);
    const bin = binOf(error, largest);
    counts[bin] = (counts[bin] as number) + 1;
    if (error > 0 && (worst.length < keep || error > (worst.at(-1) as { error: number }).error))
      insert(worst, { position: i, error }, keep);
  }
  return {
    worst: worst.map(({ position, error }) => ({
      index: indexOf(position, shape),
      actual: actual[position] as number,
      expected: expected[position] as number,
      error,
    })),
    histogram: counts.map((count, i) => ({ from: i === 0 ? 0 : boundOf(i - 1), to: boundOf(i), count })),
    nonFinite: { actual: nonFiniteOf(actual), expected: nonFiniteOf(expected) },
    largest,
  };
};

/** Where bin i ends. Bin 0 holds errors of 0 alone, and so ends there. */
const boundOf = (i: number): number =>
  i === 0 ? 0 : i === DECADES + 1 ? Number.POSITIVE_INFINITY : 10 ** (FIRST_DECADE + i - 1);

const binOf = (error: number, largest: number): number => {
  if (error === 0) return 0;
  if (!Number.isFinite(error) || largest === 0) return DECADES + 1;
  const decade = Math.floor(Math.log10(error / largest)) - FIRST_DECADE + 2;
  return Math.min(DECADES + 1, Math.max(1, decade));
};

const errorAt = (actual: number, expected: number): number => {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  return Number.isFinite(actual) && Number.isFinite(expected) ? Math.abs(actual - expected) : Number.POSITIVE_INFINITY;
};

const insert = <T extends { error: number }>(sorted: T[], item: T, most: number): void => {
  const at = sorted.findIndex(({ error }) => error < item.error);
  sorted.splice(at < 0 ? sorted.length : at, 0, item);
  if (sorted.length > most) sorted.pop();
};

/** The largest finite magnitude. */
export const largestOf = (numbers: ArrayLike<number>): number => {
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i] as number);
    if (size > largest && size !== Number.POSITIVE_INFINITY) largest = size;
  }
  return largest;
};

export const nonFiniteOf = (numbers: ArrayLike<number>): NonFinite => {
  let [nan, infinite] = [0, 0];
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number;
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
  }
  return { nan, infinite };
};

/** The index of an element along each dimension. */
export const indexOf = (position: number, shape: readonly number[]): number[] => {
  const index: number[] = [];
  let rest = position;
  for (const extent of shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
};

/** The elements of a tensor on the host as float64. */
export const numbersOf = ({ type, data }: Tensor): Float64Array => toNumbers(type, data);
