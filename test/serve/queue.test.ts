import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQueue, type QueueOptions, Tensor, TilewiseError } from '#tilewise';
import { batchSize, PRIORITY_MS, paddedSize, WaitingGroup } from '../../src/serve/waiting.js';

type Feeds = Readonly<Record<string, Tensor>>;

/** What breaks the run of the batch that it is in. */
const POISON = -1000;

/** A model y = 2x + 1 on rows of three, whose batches can be looked at and whose runs end when they are told to. */
class FakeSession {
  readonly batches: Feeds[] = [];
  readonly inputMetadata;
  readonly outputMetadata;
  checks = 0;
  readonly #hold: (() => Promise<void>) | undefined;
  running = 0;
  mostRunning = 0;

  constructor({ batch = 'n' as number | string, hold = undefined as (() => Promise<void>) | undefined } = {}) {
    const border = (name: string) => [{ name, isTensor: true as const, type: 'float32' as const, shape: [batch, 'width'] }];
    this.inputMetadata = border('x');
    this.outputMetadata = border('y');
    this.#hold = hold;
  }

  async checkSamples(): Promise<void> {
    this.checks++;
  }

  async run(feeds: Feeds): Promise<Record<string, Tensor>> {
    this.batches.push(feeds);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await this.#hold?.();
    this.running--;
    const { data, dims } = feeds.x as Tensor;
    if ((data as Float32Array).includes(POISON)) throw new TilewiseError('gpu-error', 'poisoned');
    return { y: new Tensor('float32', (data as Float32Array).map(double), dims) };
  }

  get sizes(): number[] {
    return this.batches.map(({ x }) => x?.dims[0] as number);
  }
}

const double = (v: number): number => 2 * v + 1;
const rows = (values: readonly number[], width = 3): Tensor =>
  new Tensor(
    'float32',
    values.flatMap((v) => Array.from({ length: width }, (_, i) => v + i)),
    [values.length, width],
  );
const expectOwn = ({ y }: Record<string, Tensor>, x: Tensor): void => {
  expect(y?.dims).toEqual(x.dims);
  expect(y?.data).toEqual((x.data as Float32Array).map(double));
};
const gate = (): { open: () => void; hold: () => Promise<void> } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, hold: () => opened };
};
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => 10 * i);

describe('createQueue', () => {
  it('runs requests that come together as one batch, and gives each its own', async () => {
    const session = new FakeSession();
    const queue = createQueue(session);
    const inputs = numbers(8).map((v) => rows([v]));
    const results = await Promise.all(inputs.map((x) => queue.run({ x })));
    results.forEach((outputs, i) => expectOwn(outputs, inputs[i] as Tensor));
    expect(session.sizes).toEqual([8]);
    expect(queue.stats()).toMatchObject({ pending: 0, running: 0, completed: 8, failed: 0, batches: new Map([[8, 1]]) });
    const { p50, p95, p99 } = queue.stats().latencyMs;
    expect(p50 > 0 && p50 <= p95 && p95 <= p99).toBe(true);
  });

  it('pads to a power of two, or leaves the rest for the next batch', async () => {
    const session = new FakeSession();
    const queue = createQueue(session);
    for (const count of [3, 5, 12, 13, 33]) await Promise.all(numbers(count).map((v) => queue.run({ x: rows([v]) })));
    expect(session.sizes).toEqual([4, 4, 1, 16, 16, 32, 1]);
    expect(session.batches[0]?.x?.data.slice(9)).toEqual(new Float32Array(3));
  });

  it('takes requests of several samples, more than a batch too', async () => {
    const session = new FakeSession();
    const queue = createQueue(session, { maxBatch: 4 });
    const inputs = [rows([1, 2]), rows([3]), rows(numbers(7)), rows([4, 5, 6])];
    const results = await Promise.all(inputs.map((x) => queue.run({ x })));
    results.forEach((outputs, i) => expectOwn(outputs, inputs[i] as Tensor));
    expect(Math.max(...session.sizes)).toBe(7);
  });

  it('keeps samples of different shapes apart', async () => {
    const session = new FakeSession();
    const queue = createQueue(session);
    const inputs = [2, 3, 2, 3, 2].map((width, i) => rows([i], width));
    const results = await Promise.all(inputs.map((x) => queue.run({ x })));
    results.forEach((outputs, i) => expectOwn(outputs, inputs[i] as Tensor));
    expect(session.batches.map(({ x }) => x?.dims)).toEqual([
      [4, 2],
      [2, 3],
    ]);
  });

  it('has two batches in flight, and goes on collecting meanwhile', async () => {
    const { open, hold } = gate();
    const session = new FakeSession({ hold });
    const queue = createQueue(session, { maxBatch: 2, maxDelayMs: 0 });
    const results = numbers(10).map((v) => queue.run({ x: rows([v]) }));
    await later();
    expect(queue.stats()).toMatchObject({ running: 4, pending: 6 });
    open();
    await Promise.all(results);
    expect(session.mostRunning).toBe(2);
    expect(session.sizes).toEqual([2, 2, 2, 2, 2]);
  });

  it('turns requests away when too many wait, and takes more later', async () => {
    const { open, hold } = gate();
    const queue = createQueue(new FakeSession({ hold }), { maxBatch: 1, maxPending: 3, maxDelayMs: 0 });
    const first = [queue.run({ x: rows([1]) }), queue.run({ x: rows([2]) })];
    await later();
    const waiting = numbers(3).map((v) => queue.run({ x: rows([v]) }));
    await expect(queue.run({ x: rows([3]) })).rejects.toMatchObject({
      code: 'queue-full',
      hint: expect.stringContaining('maxPending'),
    });
    expect(queue.stats()).toMatchObject({ rejected: 1, pending: 3, running: 2 });
    open();
    await Promise.all([...first, ...waiting]);
    expectOwn(await queue.run({ x: rows([4]) }), rows([4]));
  });

  it('refuses feeds that do not fit, and runs their neighbours', async () => {
    const session = new FakeSession();
    const queue = createQueue(session);
    const good = [queue.run({ x: rows([1]) }), queue.run({ x: rows([2]) })];
    const detached = rows([3]);
    structuredClone(detached.data.buffer, { transfer: [detached.data.buffer as ArrayBuffer] });
    const bad: Record<string, Tensor>[] = [
      {},
      { x: rows([1]), z: rows([1]) },
      { x: new Tensor('int32', [1, 2, 3], [1, 3]) },
      { x: new Tensor('float32', [1, 2, 3], [3]) },
      { x: new Tensor('float32', [], [0, 3]) },
      { x: detached },
    ];
    for (const feeds of bad) await expect(queue.run(feeds)).rejects.toMatchObject({ code: 'invalid-feed' });
    await Promise.all(good);
    expect(session.sizes).toEqual([2]);
    expect(queue.stats()).toMatchObject({ completed: 2, failed: 6 });
  });

  it('fails the request at fault alone when a batch fails', async () => {
    const session = new FakeSession();
    const queue = createQueue(session);
    const lost = rows([7]);
    const inputs = [rows([1]), rows([POISON]), rows([2, 3]), lost];
    const results = inputs.map((x) => queue.run({ x }));
    structuredClone(lost.data.buffer, { transfer: [lost.data.buffer as ArrayBuffer] });
    const [a, b, c, d] = await Promise.allSettled(results);
    expectOwn((a as PromiseFulfilledResult<Record<string, Tensor>>).value, inputs[0] as Tensor);
    expectOwn((c as PromiseFulfilledResult<Record<string, Tensor>>).value, inputs[2] as Tensor);
    expect(b).toMatchObject({ status: 'rejected', reason: { code: 'gpu-error' } });
    expect(d?.status).toBe('rejected');
    expect(queue.stats()).toMatchObject({ completed: 2, failed: 2, running: 0 });
  });

  it('cancels at once, whether a request waits or runs', async () => {
    const { open, hold } = gate();
    const session = new FakeSession({ hold });
    const queue = createQueue(session, { maxBatch: 1, maxDelayMs: 0 });
    const controllers = numbers(3).map(() => new AbortController());
    const results = controllers.map(({ signal }, i) => queue.run({ x: rows([i]) }, { signal }));
    await later();
    expect(queue.stats()).toMatchObject({ running: 2, pending: 1 });
    controllers[0]?.abort('enough');
    controllers[2]?.abort();
    await expect(results[0]).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
    await expect(results[2]).rejects.toMatchObject({ code: 'aborted' });
    await expect(queue.run({ x: rows([9]) }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    open();
    await results[1];
    expect(session.sizes).toHaveLength(2);
    expect(queue.stats()).toMatchObject({ cancelled: 3, completed: 1, pending: 0, running: 0 });
  });

  it('drains when it is closed, and takes nothing more', async () => {
    const queue = createQueue(new FakeSession(), { maxDelayMs: 100_000 });
    const results = numbers(5).map((v) => queue.run({ x: rows([v]) }));
    await later();
    expect(queue.stats().pending).toBe(5);
    await queue.close();
    expect(queue.stats()).toMatchObject({ completed: 5, pending: 0, running: 0 });
    await Promise.all([...results, queue.close()]);
    await expect(queue.run({ x: rows([1]) })).rejects.toMatchObject({ code: 'disposed' });
    expect(queue.stats().rejected).toBe(1);
  });

  it('says what to do about a model of one sample', async () => {
    const session = new FakeSession({ batch: 1 });
    expect(() => createQueue(session)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', hint: expect.stringContaining("batch: 'dynamic'") }),
    );
    const queue = createQueue(session, { maxBatch: 1 });
    const inputs = numbers(3).map((v) => rows([v]));
    const results = await Promise.all(inputs.map((x) => queue.run({ x })));
    results.forEach((outputs, i) => expectOwn(outputs, inputs[i] as Tensor));
    expect(session.checks).toBe(0);
  });

  it('refuses a model with several extents that could be the batch', () => {
    const session = new FakeSession();
    session.inputMetadata.push({ name: 'boxes', isTensor: true, type: 'float32', shape: ['m', 4] });
    expect(() => createQueue(session)).toThrow(/different extents, 'n' and 'm'/);
  });

  it('refuses a model whose samples see each other', async () => {
    const session = new FakeSession();
    session.checkSamples = async () => {
      throw new TilewiseError('unsupported-model', 'they do', { node: 'Softmax_1' });
    };
    const results = await Promise.allSettled([1, 2].map((v) => createQueue(session).run({ x: rows([v]) })));
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'unsupported-model' } });
    expect(session.batches).toEqual([]);
  });

  it.each<[string, QueueOptions]>([
    ['maxBatch', { maxBatch: 0 }],
    ['maxBatch', { maxBatch: 1.5 }],
    ['maxPending', { maxPending: 0 }],
    ['maxDelayMs', { maxDelayMs: -1 }],
    ['maxDelayMs', { maxDelayMs: Number.NaN }],
  ])('refuses a wrong %s', (name, options) => {
    const details = { code: 'invalid-argument', message: expect.stringContaining(name) };
    expect(() => createQueue(new FakeSession(), options)).toThrow(expect.objectContaining(details));
  });

  it('refuses a priority that is no integer', async () => {
    await expect(createQueue(new FakeSession()).run({ x: rows([1]) }, { priority: 0.5 })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});

describe('the order of a queue', () => {
  const waiter = (arrival: number, priority = 0, samples = 1) => ({ arrival, priority, samples });

  it('puts higher priorities first, but never for ever', () => {
    const group = new WaitingGroup<ReturnType<typeof waiter>>();
    const patient = waiter(0);
    group.add(patient);
    // One urgent request a millisecond: the patient one is behind those of its first 100 ms only.
    for (let t = 1; t <= 3 * PRIORITY_MS; t++) group.add(waiter(t, 1));
    const order = group.take(1000);
    expect(order.indexOf(patient)).toBe(PRIORITY_MS - 1);
  });

  it('keeps the order of arrival within a priority', () => {
    const group = new WaitingGroup<ReturnType<typeof waiter>>();
    const waiters = numbers(20).map((t) => waiter(t, 3));
    for (const one of waiters) group.add(one);
    expect(group.take(20)).toEqual(waiters);
    expect(group.isEmpty).toBe(true);
  });

  it('takes whole requests, at least one', () => {
    const group = new WaitingGroup<ReturnType<typeof waiter>>();
    for (const samples of [5, 2, 2, 1]) group.add(waiter(0, 0, samples));
    expect([4, 3, 8].map((size) => group.take(size).map(({ samples }) => samples))).toEqual([[5], [2], [2, 1]]);
  });

  it('runs at most a few sizes, and fills them', () => {
    for (let samples = 1; samples <= 100; samples++) {
      const size = batchSize(samples, 48);
      const padded = paddedSize(size, 48);
      expect([1, 2, 4, 8, 16, 32, 48]).toContain(padded);
      expect(size <= samples && size >= 0.66 * padded).toBe(true);
    }
  });
});

describe('a queue under random load', () => {
  const request = fc.record({
    values: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 5 }),
    width: fc.constantFrom(1, 3),
    kind: fc.constantFrom('good', 'good', 'good', 'good', 'misfit', 'poison'),
    priority: fc.integer({ min: -3, max: 3 }),
    pause: fc.boolean(),
    abort: fc.constantFrom('never', 'never', 'before', 'soon', 'later'),
  });
  const options = fc.record({
    maxBatch: fc.integer({ min: 2, max: 9 }),
    maxDelayMs: fc.constantFrom(0, 1),
    maxPending: fc.integer({ min: 1, max: 20 }),
  });

  it('answers every request, each with its own', async () => {
    const property = fc.asyncProperty(fc.array(request, { maxLength: 30 }), options, async (requests, given) => {
      const session = new FakeSession({ hold: later });
      const queue = createQueue(session, given);
      const ends: Promise<string>[] = [];
      for (const { values, width, kind, priority, pause, abort } of requests) {
        const controller = new AbortController();
        const flat = new Tensor('float32', values, [values.length]);
        const input = kind === 'misfit' ? flat : rows(kind === 'poison' ? [POISON] : values, width);
        if (abort === 'before') controller.abort();
        const end = queue.run({ x: input }, { signal: controller.signal, priority }).then(
          (outputs) => {
            expectOwn(outputs, input);
            return kind === 'good' ? 'completed' : 'wrong';
          },
          ({ code }: TilewiseError) => {
            const expected = { 'invalid-feed': 'misfit', 'gpu-error': 'poison', aborted: kind, 'queue-full': kind }[
              code as string
            ];
            return expected === kind ? code : `wrong: ${code}`;
          },
        );
        ends.push(end);
        if (abort === 'soon') queueMicrotask(() => controller.abort());
        if (abort === 'later') setTimeout(() => controller.abort(), 1);
        if (pause) await later();
        expect(queue.stats().pending).toBeLessThanOrEqual(given.maxPending);
      }
      const how = await Promise.all(ends);
      await queue.close();
      const count = (...codes: string[]): number => how.filter((code) => codes.includes(code)).length;
      expect(how.filter((code) => code.startsWith('wrong'))).toEqual([]);
      const { batches, latencyMs, ...counts } = queue.stats();
      expect(counts).toEqual({
        pending: 0,
        running: 0,
        completed: count('completed'),
        failed: count('invalid-feed', 'gpu-error'),
        cancelled: count('aborted'),
        rejected: count('queue-full'),
      });
      expect([...batches.values()].reduce((a, b) => a + b, 0)).toBe(session.batches.length);
      expect(session.mostRunning).toBeLessThanOrEqual(2);
      expect(Math.max(0, ...session.sizes)).toBeLessThanOrEqual(Math.max(given.maxBatch, 8));
    });
    await fc.assert(property, { seed: 6, numRuns: 300 });
  });
});
