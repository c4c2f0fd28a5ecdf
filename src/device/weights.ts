import type { PlanBuffer } from '../plan/plan.js';
import { BufferUsage } from './usage.js';

type Words = NonNullable<PlanBuffer['words']>;

/** Constant data on the device, for as long as a plan that was loaded uses it. */
export interface Weights {
  readonly words: Words;
  readonly buffer: GPUBuffer;
  users: number;
}

/** The weights of a device: the same host array is uploaded once for all plans that have it. */
export class WeightStore {
  readonly #gpu: GPUDevice;
  readonly #known = new WeakMap<Words, Weights>();

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** Uploads the words, or finds them uploaded. Each call is to be answered by one of `release`. */
  acquire(words: Words, label: string, bytes: number): Weights {
    let weights = this.#known.get(words);
    if (!weights) {
      const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
      const buffer = this.#gpu.createBuffer({ label, size: bytes, usage });
      weights = { words, buffer, users: 0 };
      this.#known.set(words, weights);
      this.#gpu.queue.writeBuffer(buffer, 0, words as BufferSource);
    }
    weights.users++;
    return weights;
  }

  release(weights: Weights): void {
    if (--weights.users > 0) return;
    this.forget(weights);
    weights.buffer.destroy();
  }

  /** Has the next plan upload these words anew: the buffer may be none. */
  forget(weights: Weights): void {
    if (this.#known.get(weights.words) === weights) this.#known.delete(weights.words);
  }
}
