import { beforeEach, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { platform } from '../../src/platform.js';
import { indexedDbStore } from '../../src/tuner/indexed-db-store.js';
import { forgetTables, STORE_NAME, storedTables } from '../../src/tuner/store.js';
import { boundModel, tune, tuneGraph } from '../../src/tuner/tune.js';
import { testDevice } from '../support/device.js';
import { NetBuilder } from '../support/graphs.js';

/** Conv 4 -> 8, 3x3, over [1, 4, 10, 10]. */
const net = (): Uint8Array => {
  const builder = new NetBuilder();
  const x = builder.input('x', 'float32', [1, 4, 10, 10]);
  builder.output(builder.op('Conv', [x, builder.weight([8, 4, 3, 3])]));
  return exportOnnx(builder.build());
};

beforeEach(forgetTables);

describe('in a browser, measurements', () => {
  it('are texts in IndexedDB', async () => {
    const store = indexedDbStore();
    await store.write('a', 'one');
    await store.write('a', 'two');
    expect(await indexedDbStore().read('a')).toBe('two');
    expect(await store.read('b')).toBeUndefined();
    await store.remove('a');
    expect(await store.read('a')).toBeUndefined();
    expect(await platform().store?.()).toBeDefined();
  });

  it('stay for later sessions', async () => {
    const result = await tune(net());
    expect(result.measured).toHaveLength(1);
    const [table] = await storedTables();
    expect(table).toEqual({ adapter: result.adapter, entries: result.entries });
    expect(await tune(net())).toMatchObject({ measured: [], entries: result.entries });
    await forgetTables();
    expect(await storedTables()).toEqual([]);
  });

  it('choose the kernels of a session', async () => {
    const device = await testDevice();
    await tuneGraph(await boundModel(net(), {}), device, {}, async (steps) =>
      steps.map(({ name }) => (name === 'general' ? 1 : 2)),
    );
    const x = new Tensor(
      'float32',
      Float32Array.from({ length: 400 }, (_, i) => Math.cos(i)),
      [1, 4, 10, 10],
    );
    const results: number[][] = [];
    for (const options of [{}, { tuning: 'stored' as const }]) {
      const session = await InferenceSession.create(net(), options);
      const outputs = await session.run({ x });
      results.push([...((Object.values(outputs)[0] as Tensor).data as Float32Array)]);
      const saved = new TextDecoder().decode(await session.save());
      expect(saved.includes('"kernel":"conv"')).toBe('tuning' in options);
      await session.release();
    }
    const [plain, tuned] = results as [number[], number[]];
    for (const [i, value] of tuned.entries()) expect(value).toBeCloseTo(plain[i] as number, 4);
  });

  it('that are damaged are ignored with a warning, and written anew', async () => {
    await indexedDbStore().write(STORE_NAME, '{"format": 1');
    const warnings: string[] = [];
    const result = await tune(net(), { onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual([
      expect.stringMatching(/^the stored measurements are ignored/),
      expect.stringMatching(/^the stored measurements are ignored/),
    ]);
    expect(await storedTables()).toEqual([{ adapter: result.adapter, entries: result.entries }]);
  });
});
