import { beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor, TilewiseError } from '#tilewise';
import { toNumbers } from '../../src/tensor/convert.js';
import { attributeCases } from './hostile/attributes.js';
import { bombCases } from './hostile/bombs.js';
import type { HostileCase } from './hostile/cases.js';
import { structureCases } from './hostile/structure.js';
import { info, modelBytes, node } from './models.js';

const all = [...structureCases, ...attributeCases, ...bombCases];
const BUDGET_MS = 1000;
const BUDGET_BYTES = 256 * 2 ** 20;

interface Outcome {
  readonly stage: 'load' | 'run' | 'accepted';
  readonly error?: TilewiseError;
  readonly outputs?: readonly number[][];
}

const failed = (stage: 'load' | 'run', error: unknown): Outcome => {
  if (error instanceof TilewiseError) return { stage, error };
  throw new Error(`at ${stage}, an error that is not typed: ${(error as Error).stack}`);
};

const outcomeOf = async (bytes: Uint8Array, feeds?: Readonly<Record<string, Tensor>>): Promise<Outcome> => {
  const created = await InferenceSession.create(bytes).catch((error: unknown) => failed('load', error));
  if (!(created instanceof InferenceSession)) return created;
  try {
    const results = await created.run(feeds ?? {});
    const outputs = created.outputNames.map((name) => {
      const tensor = Object.hasOwn(results, name) ? results[name] : undefined;
      if (!tensor) throw new Error(`no output '${name}'`);
      return [...toNumbers(tensor.type, tensor.data)];
    });
    return { stage: 'accepted', outputs };
  } catch (error) {
    return failed('run', error);
  } finally {
    await created.release();
  }
};

/** Wall time, or processor time where the machine is busy with other things. */
const timed = async <T>(work: () => Promise<T>): Promise<{ result: T; ms: number; grown: number }> => {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  const before = process.memoryUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return { result, ms: Math.min(performance.now() - wall, (user + system) / 1000), grown };
};

const check = async ({ bytes, feeds, load, run, message, node: nodeName, tensor, expected }: HostileCase): Promise<void> => {
  const model = bytes();
  const { result, ms, grown } = await timed(() => outcomeOf(model, feeds));
  const { stage, error, outputs } = result;
  expect({ stage, message: error?.message }).toMatchObject({ stage: load ? 'load' : run ? 'run' : 'accepted' });
  if (load ?? run) expect([load ?? run].flat()).toContain(error?.code);
  if (message) expect(error?.message).toMatch(message);
  if (nodeName) expect(error?.node, error?.message).toBe(nodeName);
  if (tensor) expect(error?.tensor, error?.message).toBe(tensor);
  if (expected) expect(outputs).toEqual(expected);
  expect(ms).toBeLessThan(BUDGET_MS);
  expect(grown).toBeLessThan(BUDGET_BYTES);
};

beforeAll(async () => {
  await outcomeOf(modelBytes({ inputs: [info('x', [3])] }), { x: new Tensor('float32', [1, 2, 3]) });
});

describe('hostile models', () => {
  it('are many, each under a name of its own', () => {
    expect(all.length).toBeGreaterThan(200);
  });

  it.each(all)('$name', check);

  it('limit errors of bombs name node and tensor', async () => {
    for (const one of bombCases.filter(({ load }) => load === 'limit-exceeded')) {
      const { error } = await outcomeOf(one.bytes());
      expect([error?.node, one.name.includes('symbolic') || error?.tensor], error?.message).not.toContain(undefined);
    }
  });
});

describe('maxBytes', () => {
  const bytes = modelBytes({ nodes: [node('Exp', ['x'], ['y'], {}, { name: 'n' })], inputs: [info('x', [1000])] });

  it('bounds a plan, and says what is large', async () => {
    await expect(InferenceSession.create(bytes, { maxBytes: 7000 })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await expect(InferenceSession.create(bytes, { maxBytes: 3999 })).rejects.toMatchObject({ code: 'limit-exceeded', node: 'n' });
    // The output is read back by way of two further buffers of its size.
    await expect(InferenceSession.create(bytes, { maxBytes: 15_999 })).rejects.toMatchObject({ code: 'limit-exceeded' });
    await (await InferenceSession.create(bytes, { maxBytes: 16_000 })).release();
  });

  it.each([0, -1, Number.NaN])('cannot be %s', async (maxBytes) => {
    await expect(InferenceSession.create(bytes, { maxBytes })).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
