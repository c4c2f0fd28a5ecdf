import { TilewiseError } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Device } from './device.js';
import { PassHolder } from './pass-holder.js';

/** How many commands the submits of a run have, in order. */
export type SubmitSizes = readonly number[];

/** Commands of one submit while nothing is known of their durations. */
const CAUTIOUS = 8;

const cautious = (count: number): number[] => {
  const sizes = new Array<number>(Math.floor(count / CAUTIOUS)).fill(CAUTIOUS);
  return count % CAUTIOUS === 0 ? sizes : [...sizes, count % CAUTIOUS];
};

/**
 * Better sizes from what the submits took: one that was longer than `most` is cut into equal parts, and neighbours that
 * together stay well below it are joined. A single command cannot be cut.
 */
export const refine = (sizes: SubmitSizes, ms: readonly number[], most: number): number[] => {
  const parts = sizes.flatMap((size, i) => {
    const took = ms[i] as number;
    const count = Math.max(1, Math.min(size, Math.ceil(took / most)));
    return Array.from({ length: count }, (_, part) => ({
      size: Math.floor(((part + 1) * size) / count) - Math.floor((part * size) / count),
      ms: took / count,
    }));
  });
  const joined: { size: number; ms: number }[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && last.ms + part.ms <= JOINED * most) {
      last.size += part.size;
      last.ms += part.ms;
    } else joined.push({ ...part });
  }
  return joined.map(({ size }) => size);
};

/** Room for runs that take longer than the one before. */
const JOINED = 0.7;

const known = new WeakMap<readonly Encode[], Submits>();

/** The submits of these commands as earlier runs left them; anew for another limit. */
export const submitsOf = (commands: readonly Encode[], device: Device, most: number): Submits => {
  let submits = known.get(commands);
  if (submits?.most !== most) known.set(commands, (submits = new Submits(device, commands.length, most)));
  return submits;
};

type Encode = (encoder: GPUCommandEncoder, pass: PassHolder) => void;

/** The submits of the runs of one plan, none longer than `most` milliseconds as far as can be told from earlier runs. */
export class Submits {
  readonly most: number;
  readonly #device: Device;
  #sizes: SubmitSizes;
  /** Of the run that is being encoded. */
  #done: Promise<number>[] = [];

  constructor(device: Device, commands: number, most: number) {
    if (!(most > 0)) {
      throw new TilewiseError('invalid-argument', `maxSubmitMs must be a positive number, got ${most}`);
    }
    this.most = most;
    this.#device = device;
    this.#sizes = cautious(commands);
  }

  /** Encodes all commands and submits all but the last part, for which it returns the encoder. */
  encode(first: GPUCommandEncoder, commands: readonly Encode[]): GPUCommandEncoder {
    const { gpu } = this.#device;
    let encoder = first;
    let at = 0;
    for (const [i, size] of this.#sizes.entries()) {
      if (i > 0) {
        gpu.queue.submit([encoder.finish()]);
        this.#mark();
        encoder = gpu.createCommandEncoder();
      }
      const pass = new PassHolder(encoder);
      for (const end = at + size; at < end; at++) commands[at]?.(encoder, pass);
      pass.end();
    }
    return encoder;
  }

  /** Does a run that is encoded with `encode` before anything is awaited; rejects where a part of it was refused. */
  async run(work: () => Promise<Map<string, Tensor>>): Promise<Map<string, Tensor>> {
    const { gpu } = this.#device;
    const sizes = this.#sizes;
    if (sizes.length <= 1) return await work();
    this.#done = [];
    const begun = performance.now();
    gpu.pushErrorScope('validation');
    const running = work();
    this.#mark();
    const refused = gpu.popErrorScope();
    const [result, error, ends] = await Promise.allSettled([
      running,
      this.#device.wait(refused),
      this.#device.wait(Promise.all(this.#done)),
    ]);
    if (result.status === 'rejected') throw result.reason;
    if (error.status === 'fulfilled' && error.value) {
      for (const tensor of result.value.values()) if (tensor.location === 'gpu') tensor.dispose();
      throw new TilewiseError('gpu-error', `running the model: ${error.value.message}`);
    }
    // Overlapping runs share the GPU: what they take together says nothing of either, and too short is better than too long.
    if (ends.status === 'fulfilled' && sizes === this.#sizes) {
      const ms = ends.value.map((end, i) => Math.max(0, end - (ends.value[i - 1] ?? begun)));
      this.#sizes = refine(sizes, ms, this.most);
    }
    return result.value;
  }

  #mark(): void {
    const done = this.#device.gpu.queue.onSubmittedWorkDone().then(() => performance.now());
    done.catch(() => undefined);
    this.#done.push(done);
  }
}
