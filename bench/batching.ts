import { throwIfAborted } from '../src/errors.js';
import { createQueue } from '../src/serve/queue.js';
import type { InferenceSession } from '../src/session.js';
import { compareNumbers, tolerances } from '../src/tensor/compare.js';
import { fromNumbers, toNumbers } from '../src/tensor/convert.js';
import { Tensor } from '../src/tensor/tensor.js';
import type { BenchLoad, Spread } from './results.js';
import { sampleInTurns, spreadOf } from './statistics.js';
import { random } from './support/random.js';

/** Batches of one size, run one after the other and two at a time. */
export interface BatchRow {
  readonly batch: number;
  /** From the feeds of a batch on the host to its outputs there, in milliseconds. */
  readonly ms: Spread;
  /** With two runs in flight. */
  readonly imagesPerSecond: number;
}

/** Single requests at random times, through a queue. */
export type LoadRow = Omit<BenchLoad, 'case'>;

export interface BatchingReport {
  readonly adapter: { readonly description: string; readonly kind: 'gpu' | 'cpu' };
  readonly batches: readonly BatchRow[];
  readonly load: readonly LoadRow[];
}

export interface BatchingOptions extends StepOptions {
  readonly sizes?: readonly number[];
  /** Milliseconds for the batches together, and for each rate of the load. */
  readonly budgetMs?: number;
  /** Rates of the load, as multiples of the rate that runs of single samples reach. */
  readonly rates?: readonly number[];
}

interface StepOptions {
  /** What extents other than the batch stand for. */
  readonly dims?: ReadonlyMap<string, number>;
  readonly seed?: number;
  readonly signal?: AbortSignal | undefined;
  readonly report?: (step: string) => void;
}

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Images per second and latency of a model with a symbolic batch: for batches of several sizes, and for single requests
 * through a queue under an open-loop load with random (Poisson) arrivals. Runs in Node and in a page.
 */
export const benchBatching = async (session: InferenceSession, options: BatchingOptions = {}): Promise<BatchingReport> => {
  const { sizes = [1, 2, 4, 8, 16, 32], budgetMs = 5000, rates = [0.5, 1, 2, 3], report = () => undefined } = options;
  const batches = await benchSizes(session, sizes, budgetMs, options);
  const single = batches.reduce((a, b) => (b.batch < a.batch ? b : a)).imagesPerSecond;
  const load: LoadRow[] = [];
  for (const rate of rates) {
    report(`requests at ${Math.round(rate * single)} a second`);
    load.push(await benchLoad(session, rate * single, budgetMs, options));
  }
  return { adapter: session.adapter, batches, load };
};

/** Latency and images per second of batches of these sizes, whose plans are made first. */
export const benchSizes = async (
  session: InferenceSession,
  sizes: readonly number[],
  budgetMs: number,
  { signal, report, dims, seed = 1 }: StepOptions,
): Promise<BatchRow[]> => {
  const feeds = sizes.map((size) => feedsOf(session, size, dims, seed));
  for (const [i, one] of feeds.entries()) {
    report?.(`making the plan for a batch of ${sizes[i]}`);
    await session.run(one);
  }
  const alone = feeds.map((one) => () => timed(() => session.run(one)));
  const paired = feeds.map((one) => () => timed(() => inPairs(() => session.run(one))));
  const onRound = (round: number): void => report?.(`batches, round ${round}`);
  const samples = await sampleInTurns([...alone, ...paired], { budgetMs, signal, onRound });
  return sizes.map((batch, i) => ({
    batch,
    ms: spreadOf(samples[i] as number[]),
    imagesPerSecond: (PAIRED_RUNS * batch * 1000) / spreadOf(samples[sizes.length + i] as number[]).median,
  }));
};

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

const PAIRED_RUNS = 8;

/** Several runs, two of them under way at any time. */
const inPairs = async (run: () => Promise<unknown>): Promise<void> => {
  let left = PAIRED_RUNS;
  const runOn = async (): Promise<void> => {
    while (left-- > 0) await run();
  };
  await Promise.all([runOn(), runOn()]);
};

/** Random feeds of the types and shapes that the model declares. */
const feedsOf = (session: InferenceSession, batch: number, dims: ReadonlyMap<string, number> = new Map(), seed = 1): Feeds => {
  const next = random(seed);
  return Object.fromEntries(
    session.inputMetadata.map(({ name, type, shape = [] }) => {
      const extents = shape.map((d, axis) => (typeof d === 'number' ? d : (dims.get(d) ?? (axis === 0 ? batch : 1))));
      const numbers = Array.from({ length: extents.reduce((a, b) => a * b, 1) }, next);
      return [name, new Tensor(type, fromNumbers(type, numbers), extents)];
    }),
  );
};

/** Different samples, so that no run can profit from the last. */
const SAMPLES = 64;

/** Rejects where a queue does not give to each of several requests what a run of its own gives. */
export const checkQueue = async (session: InferenceSession, { dims }: StepOptions = {}): Promise<void> => {
  const queue = createQueue(session);
  const samples = [1, 2, 3].map((seed) => feedsOf(session, 1, dims, seed));
  const together = await Promise.all(samples.map((feeds) => queue.run(feeds)));
  await queue.close();
  for (const [i, outputs] of together.entries()) {
    for (const [name, expected] of Object.entries(await session.run(samples[i] as Feeds))) {
      const [actual, wanted] = [outputs[name] as Tensor, expected].map(({ type, data }) => toNumbers(type, data));
      const { equal, worst } = compareNumbers(actual as ArrayLike<number>, wanted as ArrayLike<number>, tolerances.reduction);
      if (!equal) throw new Error(`request ${i} got another result in a batch than alone: it is off by ${worst?.error}`);
    }
  }
};

/** Single requests at random (Poisson) times through a queue, for so many milliseconds; the plans should be made. */
export const benchLoad = async (
  session: InferenceSession,
  perSecond: number,
  budgetMs: number,
  { signal, dims, seed = 1 }: StepOptions,
): Promise<LoadRow> => {
  const queue = createQueue(session);
  const samples = Array.from({ length: SAMPLES }, (_, i) => feedsOf(session, 1, dims, seed + i));
  const arrivals = poisson(perSecond, budgetMs, seed);
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  const begin = performance.now();
  for (const [i, due] of arrivals.entries()) {
    throwIfAborted(signal);
    while (performance.now() - begin < due) await pause(due - (performance.now() - begin));
    const answered = queue.run(samples[i % SAMPLES] as Feeds).then(() => void latencies.push(performance.now() - begin - due));
    answers.push(answered.catch(() => undefined));
  }
  await Promise.all(answers);
  const seconds = (performance.now() - begin) / 1000;
  const { rejected, batches } = queue.stats();
  await queue.close();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.max(0, Math.ceil(share * latencies.length) - 1)] ?? 0;
  return {
    offeredPerSecond: perSecond,
    answeredPerSecond: latencies.length / seconds,
    requests: arrivals.length,
    rejected,
    latencyMs: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
    batches: Object.fromEntries(batches),
  };
};

/** Times in milliseconds at which requests come that know nothing of each other. */
const poisson = (perSecond: number, milliseconds: number, seed: number): number[] => {
  const next = random(seed);
  const times: number[] = [];
  for (let t = 0; ; ) {
    t -= (Math.log(1 - next()) * 1000) / perSecond;
    if (t >= milliseconds) return times;
    times.push(t);
  }
};

/** Timers are coarse: what is due within a millisecond waits for the event loop only. */
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    if (milliseconds > 1) setTimeout(resolve, milliseconds - 1);
    else setTimeout(resolve, 0);
  });
