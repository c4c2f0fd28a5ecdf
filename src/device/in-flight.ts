import { abortedError, throwIfAborted } from '../errors.js';
import { RUNS_IN_FLIGHT } from '../tensor/budgets.js';

/**
 * Lets runs through to a device, a few at a time and in the order in which they came. Two hide the way to the GPU and
 * back; more would only take memory for reading back.
 */
export class InFlight {
  #running = 0;
  /** In order of arrival; a set, so that an aborted one can leave. */
  readonly #waiting = new Set<() => void>();

  /** Runs the work when its turn comes; `aborted` where the signal fires before that. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    throwIfAborted(signal);
    if (this.#running < RUNS_IN_FLIGHT) this.#running++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        this.#waiting.delete(enter);
        reject(abortedError(signal));
      };
      this.#waiting.add(enter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Hands the place to the next in line. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next) {
      this.#waiting.delete(next);
      next();
    } else this.#running--;
  }
}
