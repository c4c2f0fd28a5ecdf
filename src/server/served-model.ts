import type { Feeds, ValueMetadata } from '../feeds.js';
import type { Tensor } from '../tensor/tensor.js';

/** What the server needs of a model: a session behind a queue, or whatever a test puts in its place. */
export interface ServedModel {
  readonly name: string;
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  run(feeds: Feeds, options: { readonly signal: AbortSignal; readonly priority: number }): Promise<Record<string, Tensor>>;
  /** Requests that wait, and how many runs had how many samples. */
  stats(): { readonly pending: number; readonly batches: ReadonlyMap<number, number> };
  /** Finishes what was asked for and frees the model. */
  close(): Promise<void>;
}
