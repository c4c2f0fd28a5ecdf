import { TilewiseError } from '../errors.js';
import type { Plan } from '../plan/plan.js';
import type { Device } from './device.js';
import { Executable } from './executable.js';

/** Plans kept for different input shapes of one session. */
const MAX_EXECUTABLES = 8;

interface Entry {
  readonly loaded: Promise<Executable>;
  readonly plan: Plan;
  users: number;
}

/**
 * The executables of a session, by what their plans were made for. A few are kept, as many as `maxBytes` of GPU memory
 * hold; one that is in use is never given up, and where all are, a new one waits for the first that is not.
 */
export class ExecutableCache {
  readonly #device: Device;
  readonly #maxBytes: number;
  readonly #maxCount: number;
  /** The most recently used last. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #disposed = false;

  constructor(device: Device, maxBytes: number, maxCount: number = MAX_EXECUTABLES) {
    this.#device = device;
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  /** Does the work with the executable of that key, planned and loaded on first use. */
  async use<T>(key: string, plan: () => Plan, work: (executable: Executable) => Promise<T>): Promise<T> {
    const known = this.#find(key);
    let entry = known;
    try {
      entry ??= await this.#enter(key, plan);
      return await work(await entry.loaded);
    } finally {
      if (entry) entry.users--;
      if (!known) this.#trim();
      this.#waiting.shift()?.();
    }
  }

  /** The plans at hand. */
  async plans(): Promise<Map<string, Plan>> {
    const plans = new Map<string, Plan>();
    for (const [key, { loaded }] of this.#entries) plans.set(key, (await loaded).plan);
    return plans;
  }

  /** Gives the memory back; of executables in use, once their runs are done. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const result of await Promise.allSettled(entries.map(({ loaded }) => loaded))) {
      if (result.status === 'fulfilled') result.value.dispose();
    }
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    return entry;
  }

  async #enter(key: string, plan: () => Plan): Promise<Entry> {
    while (!this.#disposed && this.#entries.size >= this.#maxCount && !this.#evict()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      const found = this.#find(key);
      if (found) return found;
    }
    if (this.#disposed) throw new TilewiseError('disposed', 'the session was released');
    const made = plan();
    const loaded = Executable.load(made, this.#device);
    const entry: Entry = { loaded, plan: made, users: 1 };
    loaded.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    this.#entries.set(key, entry);
    return entry;
  }

  /** Gives up the one that has been idle longest; false where all are in use. */
  #evict(): boolean {
    for (const [key, { users, loaded }] of this.#entries) {
      if (users > 0) continue;
      this.#entries.delete(key);
      loaded.then(
        (executable) => executable.dispose(),
        () => undefined,
      );
      return true;
    }
    return false;
  }

  #trim(): void {
    while (this.#entries.size > 1 && this.#bytes() > this.#maxBytes && this.#evict());
  }

  /** What the plans take together; weights that they share count once. */
  #bytes(): number {
    const weights = new Set<object>();
    let total = 0;
    for (const { plan } of this.#entries.values()) {
      for (const { bytes, words, part } of plan.buffers) {
        if (part) continue;
        if (!words || !weights.has(words)) total += bytes;
        if (words) weights.add(words);
      }
    }
    return total;
  }
}
