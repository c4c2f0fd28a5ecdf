import { throwIfAborted } from '../src/errors.js';
import type { Spread } from './results.js';

const quantile = (sorted: readonly number[], q: number): number => {
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  return low + (at % 1) * ((sorted[Math.ceil(at)] as number) - low);
};

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** Median and tail of samples; there must be one at least. */
export const spreadOf = (samples: readonly number[]): Spread => {
  const sorted = ascending(samples);
  const median = quantile(sorted, 0.5);
  const distances = ascending(sorted.map((v) => Math.abs(v - median)));
  return {
    median,
    p95: quantile(sorted, 0.95),
    min: sorted[0] as number,
    deviation: quantile(distances, 0.5),
    samples: sorted.length,
  };
};

/** The median absolute deviation of normal noise is this part of its standard deviation. */
const MAD_OF_NORMAL = 0.6745;
/** The standard error of a median over that of a mean. */
const MEDIAN_ERROR = 1.2533;

/** Half the width of the interval in which the true median lies, 99.7 times of 100 for normal noise (three sigma). */
export const uncertainty = ({ deviation, samples }: Spread): number =>
  (3 * MEDIAN_ERROR * deviation) / MAD_OF_NORMAL / Math.sqrt(samples);

/** Differences smaller than this are never called a change: machines drift between two runs. */
const DRIFT = 0.05;

/** True where two medians differ by more than their own spread and the usual drift explain. */
export const differs = (before: Spread, now: Spread): boolean => {
  const difference = Math.abs(now.median - before.median);
  return difference > uncertainty(before) + uncertainty(now) && difference > DRIFT * before.median;
};

export interface SamplingOptions {
  /** Time for all tasks of a case together. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after every round. */
  readonly onRound?: ((rounds: number) => void) | undefined;
}

const MIN_ROUNDS = 3;
const MAX_ROUNDS = 200;

/**
 * Samples every task once a round, forwards and backwards in turn, so that what disturbs the machine disturbs them all.
 * Stops when the time is up, after three rounds at least.
 */
export const sampleInTurns = async (
  tasks: readonly (() => Promise<number>)[],
  { budgetMs, signal, onRound }: SamplingOptions,
): Promise<number[][]> => {
  const samples = tasks.map((): number[] => []);
  const end = performance.now() + budgetMs;
  for (let round = 0; round < MAX_ROUNDS && (round < MIN_ROUNDS || performance.now() < end); round++) {
    for (let i = 0; i < tasks.length; i++) {
      throwIfAborted(signal);
      const task = round % 2 === 0 ? i : tasks.length - 1 - i;
      samples[task]!.push(await tasks[task]!());
    }
    onRound?.(round + 1);
  }
  return samples;
};
