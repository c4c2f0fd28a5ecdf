import type { Calls, FromWorker, RunEvent, ToWorker } from './protocol.js';

/** A refusal of the worker, with what to do about it. */
export class WorkerFailure extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** An error in one or two sentences. */
export const sentence = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  const { hint } = error as { hint?: string };
  const first = `${message.charAt(0).toUpperCase()}${message.slice(1)}`.replace(/\.$/, '');
  return `${first}.${hint ? ` Hint: ${hint}.` : ''}`;
};

interface Waiting {
  readonly resolve: (reply: never) => void;
  readonly reject: (error: WorkerFailure) => void;
}

/** The worker that has the GPU, as functions that return promises. */
export class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(worker: Worker, onEvent: (event: RunEvent) => void) {
    this.#worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if ('event' in data) return onEvent(data.event);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('failure' in data) waiting?.reject(new WorkerFailure(data.failure.message, data.failure.hint));
      else waiting?.resolve(data.reply as never);
    });
    worker.addEventListener('error', ({ message }) => this.#fail(message || 'the worker could not be started'));
  }

  call<K extends keyof Calls>(kind: K, request: Calls[K]['request']): Promise<Calls[K]['reply']> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, request } satisfies ToWorker);
    });
  }

  #fail(message: string): void {
    for (const { reject } of this.#waiting.values()) reject(new WorkerFailure(message));
    this.#waiting.clear();
  }
}
