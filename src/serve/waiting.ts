/** What of a request decides when it runs. */
export interface Waiter {
  readonly samples: number;
  /** Milliseconds on the clock of the queue. */
  readonly arrival: number;
  readonly priority: number;
}

/**
 * The head start of a request over those of the next lower priority, in milliseconds: it goes before all that came less
 * than that earlier, so that those of low priority wait longer but not for ever.
 */
export const PRIORITY_MS = 100;

const rankOf = ({ arrival, priority }: Waiter): number => arrival - PRIORITY_MS * priority;

/** Requests that can be joined to one batch, in the order in which they are to run. */
export class WaitingGroup<W extends Waiter> {
  readonly #members: W[] = [];
  #samples = 0;

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  get samples(): number {
    return this.#samples;
  }

  /** Ranks compare among groups: the lowest runs first. */
  get rank(): number {
    return this.#members[0] ? rankOf(this.#members[0]) : Number.POSITIVE_INFINITY;
  }

  get oldestArrival(): number {
    return this.#members.reduce((least, { arrival }) => Math.min(least, arrival), Number.POSITIVE_INFINITY);
  }

  add(member: W): void {
    const rank = rankOf(member);
    let at = this.#members.length;
    while (at > 0 && rankOf(this.#members[at - 1] as W) > rank) at--;
    this.#members.splice(at, 0, member);
    this.#samples += member.samples;
  }

  remove(member: W): void {
    const at = this.#members.indexOf(member);
    if (at < 0) return;
    this.#members.splice(at, 1);
    this.#samples -= member.samples;
  }

  /** Takes the first ones that have at most `size` samples together, at least one of them. */
  take(size: number): W[] {
    let [count, samples] = [0, 0];
    for (const member of this.#members) {
      if (count > 0 && samples + member.samples > size) break;
      samples += member.samples;
      count++;
    }
    this.#samples -= samples;
    return this.#members.splice(0, count);
  }
}

/** Share of a padded batch that must be real samples; a smaller batch is run instead, and the rest after it. */
const MIN_FILL = 0.75;

/** Smallest power of two, or `most`, that holds the samples. Few sizes mean few plans, each of which takes time to make. */
export const paddedSize = (samples: number, most: number): number =>
  samples >= most ? samples : Math.min(most, 2 ** Math.ceil(Math.log2(samples)));

/** How many of the waiting samples to run together. */
export const batchSize = (samples: number, most: number): number => {
  if (samples >= most) return most;
  const padded = paddedSize(samples, most);
  return samples >= MIN_FILL * padded ? samples : 2 ** Math.floor(Math.log2(samples));
};
