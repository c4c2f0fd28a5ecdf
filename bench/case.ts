import type { Device } from '../src/device/device.js';
import type { DeviceFacts } from '../src/kernels/facts.js';
import type { BenchFailure, BenchGroup, BenchLoad, BenchResult, BenchRoofs } from './results.js';

/** What a case is given to run with. */
export interface BenchContext {
  readonly device: Device;
  /** Opens a device of its own, on which nothing is compiled or uploaded yet. The case destroys it. */
  readonly openDevice: () => Promise<Device>;
  readonly roofs: BenchRoofs | null;
  /** Milliseconds that the samples of one case may take together. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is being done, in a few words. */
  readonly report: (step: string) => void;
  /** Is told the times of every sample of a variant, in milliseconds. */
  readonly onSamples?: ((name: string, ms: readonly number[]) => void) | undefined;
}

export type BenchOutcome = { readonly result: BenchResult } | { readonly load: BenchLoad } | { readonly failure: BenchFailure };

/** A benchmark by itself: variants of the same work, checked against the same result and timed in turn. */
export interface BenchCase {
  /** Words and numbers joined by '/', stable from version to version. */
  readonly name: string;
  readonly group: BenchGroup;
  /** One line for people. */
  readonly title: string;
  /** Checks, times and yields every variant. A variant that fails is a failure; only an abort rejects. */
  run(context: BenchContext): AsyncIterable<BenchOutcome>;
}

/** What decides which cases there are. */
export interface CaseSelection {
  readonly facts: DeviceFacts;
  /** Fewer and smaller cases. */
  readonly quick: boolean;
}

/** The failure of a variant; an abort is none and is thrown again. */
export const failureOf = (name: string, error: unknown, signal?: AbortSignal): BenchOutcome => {
  if (signal?.aborted) throw error;
  return { failure: { name, error: error instanceof Error ? error.message : String(error) } };
};
