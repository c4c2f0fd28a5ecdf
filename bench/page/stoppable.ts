import { abortedError } from '../../src/errors.js';

/**
 * Work on the GPU, one piece after the other. A piece whose signal fires rejects at once, though what it has begun may go on
 * for a while; the next piece begins when it has come to its end.
 */
export class Stoppable {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    const wanted = async (): Promise<T> => {
      await before;
      if (signal.aborted) throw abortedError(signal);
      return await work();
    };
    const running = wanted();
    this.#last = running.catch(() => undefined);
    return new Promise<T>((resolve, reject) => {
      const stop = (): void => reject(abortedError(signal));
      signal.addEventListener('abort', stop, { once: true });
      running.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }
}
