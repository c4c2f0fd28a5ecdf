import { abortedError, TilewiseError } from '../errors.js';
import type { Feeds } from '../feeds.js';
import type { InferenceSession } from '../session.js';
import { type Ask, BatchForm, type Outputs } from './batch-form.js';
import { Latencies, type Percentiles } from './latencies.js';
import { batchSize, paddedSize, type Waiter, WaitingGroup } from './waiting.js';

export interface QueueOptions {
  /** Most samples of one batch; 32 where absent. */
  readonly maxBatch?: number;
  /** How long a request may wait for others to share its batch, in milliseconds; 2 where absent. */
  readonly maxDelayMs?: number;
  /** Most requests that wait at a time; 1024 where absent. */
  readonly maxPending?: number;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  /** An integer, 0 where absent. Each step up is worth 100 ms of waiting. */
  readonly priority?: number;
}

export interface QueueStatistics {
  /** Requests that wait, and that are being run. */
  readonly pending: number;
  readonly running: number;
  readonly completed: number;
  /** Requests with feeds that do not fit, or whose run failed. */
  readonly failed: number;
  readonly cancelled: number;
  /** Requests turned away, because the queue was full or closed. */
  readonly rejected: number;
  /** How many batches of each size were run; padding counts. */
  readonly batches: ReadonlyMap<number, number>;
  /** From `run` to the result, of the newest 1024 completed requests. */
  readonly latencyMs: Percentiles;
}

type Batchable = Pick<InferenceSession, 'run' | 'inputMetadata' | 'outputMetadata' | 'checkSamples'>;

/**
 * A queue that runs single requests together: those that arrive within a short time share one batch.
 *
 *     const queue = createQueue(await InferenceSession.create(model, { batch: 'dynamic' }));
 *     const [a, b] = await Promise.all([queue.run({ input: first }), queue.run({ input: second })]);
 *
 * Throws `invalid-argument` where an option is out of range, or the model takes one sample only (see the session's option
 * `batch`) and maxBatch is above 1.
 */
export const createQueue = (session: Batchable, options: QueueOptions = {}): RequestQueue => new RequestQueue(session, options);

/** A request with its place in the queue. */
interface Request extends Waiter {
  readonly ask: Ask;
  state: 'pending' | 'running' | 'done';
  readonly resolve: (outputs: Outputs) => void;
  readonly reject: (error: unknown) => void;
}

/** Batches run at a time: while one is on the GPU, the next is made ready. */
const BATCHES_IN_FLIGHT = 2;

export class RequestQueue {
  readonly #session: Batchable;
  readonly #form: BatchForm;
  readonly #maxBatch: number;
  readonly #maxDelay: number;
  readonly #maxPending: number;
  readonly #groups = new Map<string, WaitingGroup<Request>>();
  readonly #latencies = new Latencies();
  readonly #batches = new Map<number, number>();
  readonly #counts = { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0, rejected: 0 };
  #inFlight = 0;
  #pumpIsNear = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(session: Batchable, { maxBatch = 32, maxDelayMs = 2, maxPending = 1024 }: QueueOptions) {
    this.#maxBatch = integerFrom(1, 'maxBatch', maxBatch);
    this.#maxPending = integerFrom(1, 'maxPending', maxPending);
    if (!(maxDelayMs >= 0 && maxDelayMs < 2 ** 31)) throw badOption('maxDelayMs', 'a number of milliseconds', maxDelayMs);
    this.#maxDelay = maxDelayMs;
    this.#session = session;
    this.#form = new BatchForm(session.inputMetadata, session.outputMetadata, maxBatch);
  }

  /**
   * Runs one sample (feeds that begin with an extent of 1) or several; the outputs begin with as many. The feeds must
   * stay as they are until then, and be on the host. Rejects with `invalid-feed` where they do not fit the model,
   * `queue-full` where too many requests wait, `aborted` as soon as the signal fires, `disposed` after `close`.
   */
  async run(feeds: Feeds, { signal, priority = 0 }: RequestOptions = {}): Promise<Outputs> {
    this.#admit();
    const ask = this.#check(feeds, priority);
    if (signal?.aborted) {
      this.#counts.cancelled++;
      throw abortedError(signal);
    }
    let leave = (): void => undefined;
    try {
      return await new Promise<Outputs>((resolve, reject) => {
        const arrival = performance.now();
        const request: Request = { ask, samples: ask.samples, arrival, priority, state: 'pending', resolve, reject };
        const abort = (): void => this.#cancel(request, signal);
        signal?.addEventListener('abort', abort, { once: true });
        leave = () => signal?.removeEventListener('abort', abort);
        this.#enter(request);
      });
    } finally {
      leave();
    }
  }

  stats(): QueueStatistics {
    return { ...this.#counts, batches: new Map(this.#batches), latencyMs: this.#latencies.percentiles() };
  }

  /** Takes no more requests, and resolves once those that wait have run. The session stays open. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#drained = resolve;
    });
    this.#pump();
    return this.#closed;
  }

  /** Turns a request away that there is no room for. */
  #admit(): void {
    const full = this.#counts.pending >= this.#maxPending;
    if (!full && !this.#closed) return;
    this.#counts.rejected++;
    if (this.#closed) throw new TilewiseError('disposed', 'the queue was closed');
    throw new TilewiseError('queue-full', `${this.#counts.pending} requests wait already`, {
      hint: 'send requests more slowly, or again later (option maxPending)',
    });
  }

  #check(feeds: Feeds, priority: number): Ask {
    try {
      if (!Number.isSafeInteger(priority)) throw badOption('priority', 'an integer', priority);
      return this.#form.ask(feeds);
    } catch (error) {
      this.#counts.failed++;
      throw error;
    }
  }

  #enter(request: Request): void {
    const { key } = request.ask;
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, (group = new WaitingGroup()));
    group.add(request);
    this.#counts.pending++;
    if (this.#pumpIsNear) return;
    // What is asked for in one go is joined before the first of it runs.
    this.#pumpIsNear = true;
    queueMicrotask(() => this.#pump());
  }

  #cancel(request: Request, signal: AbortSignal | undefined): void {
    if (request.state === 'pending') this.#drop(request.ask.key, (group) => group.remove(request));
    if (this.#end(request, 'cancelled')) request.reject(abortedError(signal));
    this.#pump();
  }

  /** Lets requests leave a group, and the group with the last of them. */
  #drop<T>(key: string, leave: (group: WaitingGroup<Request>) => T): T {
    const group = this.#groups.get(key) as WaitingGroup<Request>;
    const left = leave(group);
    if (group.isEmpty) this.#groups.delete(key);
    return left;
  }

  /** Counts how a request ends; false where it has ended before. */
  #end(request: Request, how: 'completed' | 'failed' | 'cancelled'): boolean {
    if (request.state === 'done') return false;
    this.#counts[request.state]--;
    this.#counts[how]++;
    request.state = 'done';
    return true;
  }

  /** Starts what is due, as long as there is room, and comes back when the next is. */
  #pump(): void {
    this.#pumpIsNear = false;
    clearTimeout(this.#timer);
    const now = performance.now();
    while (this.#inFlight < BATCHES_IN_FLIGHT) {
      const key = this.#nextDue(now);
      if (key === undefined) break;
      const requests = this.#drop(key, (group) => group.take(batchSize(group.samples, this.#maxBatch)));
      void this.#start(requests);
    }
    if (this.#closed && this.#inFlight === 0) this.#drained?.();
    if (this.#inFlight >= BATCHES_IN_FLIGHT || this.#groups.size === 0) return;
    const oldest = Math.min(...[...this.#groups.values()].map((group) => group.oldestArrival));
    this.#timer = setTimeout(() => this.#pump(), Math.max(0, oldest + this.#maxDelay - now));
  }

  async #start(requests: readonly Request[]): Promise<void> {
    this.#inFlight++;
    for (const request of requests) {
      request.state = 'running';
      this.#counts.pending--;
      this.#counts.running++;
    }
    await this.#runTogether(requests);
    this.#inFlight--;
    this.#pump();
  }

  /** Runs requests as one batch; where that fails, one by one, so that only the one at fault does. */
  async #runTogether(requests: readonly Request[]): Promise<void> {
    try {
      const outputs = await this.#runBatch(requests.map(({ ask }) => ask));
      requests.forEach((request, i) => {
        if (!this.#end(request, 'completed')) return;
        this.#latencies.add(performance.now() - request.arrival);
        request.resolve(outputs[i] as Outputs);
      });
    } catch (error) {
      if (requests.length > 1 && !concernsAll(error)) {
        for (const request of requests) if (request.state !== 'done') await this.#runTogether([request]);
        return;
      }
      for (const request of requests) if (this.#end(request, 'failed')) request.reject(error);
    }
  }

  async #runBatch(asks: readonly Ask[]): Promise<Outputs[]> {
    if (this.#maxBatch > 1) await this.#session.checkSamples();
    const samples = asks.reduce((sum, ask) => sum + ask.samples, 0);
    const size = paddedSize(samples, this.#maxBatch);
    const feeds = this.#form.join(asks, size);
    this.#batches.set(size, (this.#batches.get(size) ?? 0) + 1);
    const outputs = await this.#session.run(feeds, { outputLocation: 'cpu' });
    return this.#form.split(outputs, asks, size);
  }

  /** Of the groups that fill a batch or have waited long enough, the one whose turn it is. */
  #nextDue(now: number): string | undefined {
    let next: { readonly key: string; readonly rank: number } | undefined;
    for (const [key, { samples, oldestArrival, rank }] of this.#groups) {
      const isDue = this.#closed || samples >= this.#maxBatch || oldestArrival + this.#maxDelay <= now;
      if (isDue && (!next || rank < next.rank)) next = { key, rank };
    }
    return next?.key;
  }
}

/** Errors that the requests of a batch would meet alone, too. */
const concernsAll = (error: unknown): boolean =>
  error instanceof TilewiseError && ['device-lost', 'disposed', 'unsupported-model'].includes(error.code);

const badOption = (name: string, what: string, got: unknown): TilewiseError =>
  new TilewiseError('invalid-argument', `${name} must be ${what}, got ${String(got)}`);

const integerFrom = (least: number, name: string, value: number): number => {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw badOption(name, `an integer from ${least}`, value);
};
