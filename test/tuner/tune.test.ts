import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { BY_RULES } from '../../src/kernels/choice.js';
import { tunedLowerings } from '../../src/kernels/tuned.js';
import { buildPlan } from '../../src/plan/build.js';
import { defaultBudgets } from '../../src/tensor/budgets.js';
import { shippedTables } from '../../src/tuner/defaults.js';
import { cacheFolder, fileStore } from '../../src/tuner/file-store.js';
import type { Timer } from '../../src/tuner/measure.js';
import {
  forgetTables,
  parseTables,
  printTables,
  STORE_NAME,
  storedTables,
  storeTable,
  tunedFacts,
} from '../../src/tuner/store.js';
import {
  adapterOf,
  checkedTable,
  choicesOf,
  sourcesOf,
  type TunedEntry,
  type TuningTable,
  validEntries,
} from '../../src/tuner/table.js';
import { boundModel, type TuneOptions, tune, tuneGraph } from '../../src/tuner/tune.js';
import { shortenWgsl } from '../../vite.config.js';
import { temporaryFolder } from '../cli/support.js';
import { testDevice } from '../support/device.js';
import { NetBuilder } from '../support/graphs.js';
import { ROOT } from '../support/imports.js';

const device = await testDevice();
const { facts } = device;

/** Conv 8 -> 8, 3x3, over [batch, 8, 12, 12], then a product of its columns with 12 x 16. */
const net = (): Uint8Array => {
  const builder = new NetBuilder();
  const x = builder.input('x', 'float32', ['batch', 8, 12, 12]);
  const features = builder.op('Conv', [x, builder.weight([8, 8, 3, 3])], { pads: [1, 1, 1, 1] });
  builder.output(builder.op('MatMul', [features, builder.weight([12, 16])]));
  return exportOnnx(builder.build());
};

/** A clock by which these candidates take a millisecond, and all others two. */
const clock =
  (...fast: string[]): Timer =>
  async (steps) =>
    steps.map(({ name }) => (fast.includes(name) ? 1 : 2));

const quiet = { persist: false } as const;
const graph = await boundModel(net(), {});
const choose = (timer: Timer, options: TuneOptions = quiet) => tuneGraph(graph, device, options, timer);
const conv = (table: TuningTable): [string, TunedEntry] =>
  Object.entries(table.entries).find(([name]) => name.startsWith('conv')) as [string, TunedEntry];

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
});
const storePath = (): string => join(folder, 'tilewise', STORE_NAME);

describe('tune', () => {
  it('takes the fastest candidate of each shape class', async () => {
    const result = await choose(clock('general', 'naive'));
    expect(Object.values(result.entries).map(({ choice }) => choice)).toEqual(['general', 'naive']);
    expect(result.measured).toEqual(Object.keys(result.entries));
    expect(result.savedMs).toBe(2);
    expect(result.adapter).toBe(adapterOf(facts));
  });

  it("keeps the rules' choice where nothing is clearly faster", async () => {
    const even = await choose(async (steps) => steps.map(({ name }) => (name === BY_RULES ? 1 : 0.97)));
    expect(Object.values(even.entries).map(({ choice }) => choice)).toEqual([BY_RULES, BY_RULES]);
    expect(even.savedMs).toBe(0);
  });

  it('measures what does the same only once', async () => {
    const [, { ms }] = conv(await choose(clock()));
    expect(Object.keys(ms)).toContain(BY_RULES);
    expect(Object.keys(ms).length).toBeLessThan(10);
    expect(Object.keys(ms)).not.toContain('tiled-32x32');
  });

  it('makes plans with the kernels that won, and no others', async () => {
    const tuned = { ...facts, tuning: choicesOf([await choose(clock('general'))], facts) };
    const kernels = (f: typeof facts): string[] =>
      buildPlan(graph, f, defaultBudgets, (op) => tunedLowerings.get(op)).pipelines.map(({ kernel }) => kernel);
    expect(kernels(tuned)).toContain('conv');
    expect(kernels(facts)).not.toContain('conv');
  });

  it('drops candidates that compute something else, and says so', async () => {
    const load = vi.spyOn(device.pipelines, 'get');
    const original = load.getMockImplementation() ?? Object.getPrototypeOf(device.pipelines).get.bind(device.pipelines);
    load.mockImplementation((pipeline: { kernel: string; code: string }) =>
      original(pipeline.kernel === 'conv' ? { ...pipeline, code: pipeline.code.replace(/\+= /, '-= ') } : pipeline),
    );
    const warnings: string[] = [];
    try {
      const result = await choose(clock('general'), { ...quiet, onWarning: (message) => warnings.push(message) });
      expect(conv(result)[1].choice).toBe(BY_RULES);
      expect(conv(result)[1].ms).not.toHaveProperty('general');
    } finally {
      load.mockRestore();
    }
    expect(warnings).toEqual([expect.stringMatching(/^'general' computes something else for conv 8 to 8/)]);
  });

  it('measures with the clock of the device', async () => {
    const result = await tune(net(), quiet);
    for (const { ms, choice } of Object.values(result.entries)) {
      expect(Object.keys(ms)).toContain(choice);
      expect(Object.values(ms).every((time) => time >= 0 && Number.isFinite(time))).toBe(true);
    }
    expect(Object.keys(result.entries)).toHaveLength(2);
  });

  it('tells how far it is', async () => {
    const told: [number, number][] = [];
    await choose(clock(), { ...quiet, onProgress: ({ done, total }) => told.push([done, total]) });
    expect(told).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ]);
  });

  it('measures nothing without a budget', async () => {
    const result = await choose(clock('general'), { ...quiet, budgetMs: 0 });
    expect(result).toMatchObject({ entries: {}, measured: [] });
    expect(result.skipped).toHaveLength(2);
  });

  it('stops when it is aborted, and keeps what it has', async () => {
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 1) controller.abort();
    };
    await expect(choose(clock('general'), { signal: controller.signal, onProgress })).rejects.toMatchObject({ code: 'aborted' });
    const [table] = await storedTables();
    expect(Object.keys(table?.entries ?? {})).toHaveLength(1);
    await expect(tune(net(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });

  it.each<[string, Uint8Array | string, TuneOptions, string]>([
    ['a negative budget', net(), { budgetMs: -1 }, 'invalid-argument'],
    ['a budget that is no number', net(), { budgetMs: Number.NaN }, 'invalid-argument'],
    ['an unknown extent', net(), { dims: { width: 4 } }, 'invalid-argument'],
    ['no model', Uint8Array.of(1, 2, 3), {}, 'invalid-model'],
    ['no file', '/no/such/model.onnx', {}, 'not-found'],
  ])('refuses %s', async (_, model, options, code) => {
    await expect(tune(model, { ...quiet, ...options })).rejects.toMatchObject({ code });
  });

  it('takes the sizes of symbolic extents', async () => {
    const classAt = async (batch: number): Promise<string> =>
      conv(await tuneGraph(await boundModel(net(), { batch }), device, quiet, clock()))[0];
    expect(await classAt(8)).toContain('pixels 1024');
    expect(await classAt(1)).toContain('pixels 128');
  });
});

describe('tables', () => {
  it('are of one adapter and the kernels of this version', async () => {
    const table = await choose(clock('general'));
    expect(Object.keys(validEntries(table, facts))).toHaveLength(2);
    expect(validEntries(table, { ...facts, description: 'another' })).toEqual({});
    expect(validEntries(table, { ...facts, features: [] })).toEqual({});
    const [name, entry] = conv(table);
    const changed = { ...table, entries: { ...table.entries, [name]: { ...entry, sources: '00000000' } } };
    expect(Object.keys(validEntries(changed, facts))).not.toContain(name);
    expect(choicesOf([changed], facts)).not.toHaveProperty([name]);
    const renamed = { ...table, entries: { [name]: { ...entry, kernels: ['no-such-kernel'] } } };
    expect(validEntries(renamed, facts)).toEqual({});
  });

  it('go before earlier ones', async () => {
    const [a, b] = [await choose(clock('general')), await choose(clock())];
    const [name] = conv(a);
    expect(choicesOf([a, b], facts)[name]).toBe(BY_RULES);
    expect(choicesOf([b, a], facts)[name]).toBe('general');
  });

  it('know kernels by their text as the build leaves it', () => {
    for (const kernel of ['conv', 'conv-tiled', 'conv-winograd-4x4-input', 'matmul', 'matmul-quads']) {
      const text = readFileSync(join(ROOT, 'shaders', `${kernel}.wgsl`), 'utf8');
      expect(sourcesOf([kernel], () => shortenWgsl(text))).toBe(sourcesOf([kernel]));
      expect(sourcesOf([kernel], () => text)).toBe(sourcesOf([kernel]));
    }
  });

  it('that are shipped are well-formed, and hold on their adapter alone', () => {
    for (const table of shippedTables) {
      expect(checkedTable(table)).toEqual(table);
      for (const { choice, kernels } of Object.values(table.entries)) {
        expect(choice).not.toBe(BY_RULES);
        expect(sourcesOf(kernels), `${kernels}`).toBeDefined();
      }
      expect(validEntries(table, { ...facts, description: 'another' })).toEqual({});
    }
  });

  it('that are stored go before those that are shipped', async () => {
    const [shipped] = shippedTables as [TuningTable];
    const [name, entry] = conv(shipped);
    const mine = { ...entry, choice: 'mine', sources: sourcesOf(entry.kernels) as string };
    await storeTable({ adapter: adapterOf(facts), entries: { [name]: mine } });
    expect((await tunedFacts(facts, 'stored')).tuning).toMatchObject({ [name]: 'mine' });
  });

  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['entries of nothing', { adapter: 'a', entries: { c: null } }],
    ['an entry without a choice', { adapter: 'a', entries: { c: { ms: {}, kernels: [], sources: '' } } }],
    ['times that are none', { adapter: 'a', entries: { c: { choice: 'x', ms: { x: 'fast' }, kernels: [], sources: '' } } }],
  ])('are refused: %s', (_, value) => {
    expect(() => checkedTable(value)).toThrow(/tuning table/);
  });
});

describe('the store', () => {
  it('keeps measurements from one process to the next, and measures no class twice', async () => {
    const first = await choose(clock('general'), {});
    const [table] = parseTables(readFileSync(storePath(), 'utf8'));
    expect(table).toEqual({ adapter: first.adapter, entries: first.entries });
    const none: Timer = async () => expect.fail('measured again');
    const second = await choose(none, {});
    expect(second).toMatchObject({ entries: first.entries, measured: [], skipped: [] });
    const again = await choose(clock(), { again: true });
    expect(conv(again)[1].choice).toBe(BY_RULES);
    expect(conv((await storedTables())[0] as TuningTable)[1].choice).toBe(BY_RULES);
    expect(await readdir(join(folder, 'tilewise'))).toEqual([STORE_NAME]);
  });

  it('has a table for each adapter', async () => {
    const entry: TunedEntry = { choice: 'a', ms: { a: 1 }, kernels: ['conv'], sources: '0' };
    await storeTable({ adapter: 'one', entries: { c: entry } });
    await storeTable({ adapter: 'two', entries: { c: entry } });
    await storeTable({ adapter: 'one', entries: { d: entry } });
    expect((await storedTables()).map(({ adapter, entries }) => [adapter, Object.keys(entries)])).toEqual([
      ['two', ['c']],
      ['one', ['c', 'd']],
    ]);
    await forgetTables();
    expect(await storedTables()).toEqual([]);
    await forgetTables();
  });

  it.each(['', 'null', '{', '{"format": 99, "tables": []}', '{"format": 1, "tables": [{}]}'])(
    'is ignored with a warning where it is damaged, and written anew: %s',
    async (text) => {
      await mkdir(join(folder, 'tilewise'), { recursive: true });
      await writeFile(storePath(), text);
      const warnings: string[] = [];
      const onWarning = (message: string): void => void warnings.push(message);
      expect((await tunedFacts(facts, 'stored', onWarning)).tuning).toEqual(choicesOf(shippedTables, facts));
      expect(warnings).toEqual([expect.stringMatching(/^the stored measurements are ignored: /)]);
      const result = await choose(clock('general'), { onWarning });
      expect(parseTables(await readFile(storePath(), 'utf8'))).toEqual([{ adapter: result.adapter, entries: result.entries }]);
    },
  );

  it('that cannot be written costs nothing but a warning', async () => {
    await writeFile(join(folder, 'tilewise'), 'a file where the folder should be');
    const warnings: string[] = [];
    const result = await choose(clock('general'), { onWarning: (message) => warnings.push(message) });
    expect(result.measured).toHaveLength(2);
    expect(warnings.at(-1)).toMatch(/cannot be kept/);
  });

  it('leaves no part of a file', async () => {
    const store = fileStore(join(folder, 'a'));
    await store.write('x', 'one');
    await mkdir(join(folder, 'a', 'y'));
    await expect(store.write('y', 'two')).rejects.toThrow();
    expect(await readdir(join(folder, 'a'))).toEqual(['x', 'y']);
    expect(await store.read('x')).toBe('one');
    expect(await store.read('z')).toBeUndefined();
  });

  it('is where the system keeps such files', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/c' }, 'linux')).toBe(join('/c', 'tilewise'));
    expect(cacheFolder({}, 'linux')).toMatch(/\.cache.tilewise$/);
    expect(cacheFolder({}, 'darwin')).toMatch(/Library.Caches.tilewise$/);
    expect(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'tilewise'));
    expect(cacheFolder({}, 'win32')).toMatch(/AppData.Local.tilewise$/);
  });

  it('prints what it parses', async () => {
    const { adapter, entries } = await choose(clock());
    expect(parseTables(printTables([{ adapter, entries }]))).toEqual([{ adapter, entries }]);
  });
});

describe('a session', () => {
  const x = new Tensor(
    'float32',
    Float32Array.from({ length: 8 * 144 }, (_, i) => Math.sin(i)),
    [1, 8, 12, 12],
  );
  const outputOf = async (tuning?: 'stored' | TuningTable): Promise<number[]> => {
    const session = await InferenceSession.create(net(), tuning ? { tuning } : {});
    try {
      const outputs = await session.run({ x });
      return [...((Object.values(outputs)[0] as Tensor).data as Float32Array)];
    } finally {
      await session.release();
    }
  };

  it('plans by a table or by what is stored', async () => {
    const table = await choose(clock('general', 'naive'), {});
    const plain = await outputOf();
    for (const tuning of [table, 'stored'] as const) {
      const tuned = await outputOf(tuning);
      expect(tuned).toHaveLength(plain.length);
      for (const [i, value] of tuned.entries()) expect(value).toBeCloseTo(plain[i] as number, 4);
    }
  });

  it('refuses what is no table', async () => {
    const bad = { entries: {} } as unknown as TuningTable;
    await expect(InferenceSession.create(net(), { tuning: bad })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('does not use a table of another adapter, and says so', async () => {
    const warnings: string[] = [];
    const table = { ...(await choose(clock('general'))), adapter: 'another' };
    const tuned = await tunedFacts(facts, table, (message) => warnings.push(message));
    expect(tuned.tuning).toEqual({});
    expect(warnings).toEqual([expect.stringContaining('of another adapter (another)')]);
  });
});
