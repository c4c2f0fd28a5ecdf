import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { printTables, STORE_NAME, storedTables } from '../../src/tuner/store.js';
import type { TuningTable } from '../../src/tuner/table.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

let folder: string;
let model: string;
beforeEach(async () => {
  folder = temporaryFolder();
  vi.stubEnv('XDG_CACHE_HOME', folder);
  model = await writeModel(folder, smallNet('n'));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Stores that 'general' was the fastest for all that was measured. */
const storeGeneral = async (): Promise<void> => {
  const [table] = (await storedTables()) as [TuningTable];
  const entries = Object.fromEntries(
    Object.entries(table.entries).map(([name, entry]) => [name, { ...entry, choice: 'general' }]),
  );
  await writeFile(join(folder, 'tilewise', STORE_NAME), printTables([{ ...table, entries }]));
};

describe('tilewise tune', () => {
  it('measures, keeps, lists and forgets', async () => {
    const tuned = await tilewise(['tune', model, '--budget', '60']);
    expect(tuned.code, tuned.err).toBe(0);
    expect(tuned.out).toMatch(/shape +tried +by rules +taken +ms +speed/);
    expect(tuned.out).toMatch(/conv 1 to 2 group 1 3x3/);
    expect(tuned.out).toMatch(/model.onnx: 2 shapes measured; \d run faster than by the rules/);

    const again = await tilewise(['tune', model, '--json']);
    expect(JSON.parse(again.out)).toMatchObject({ model, measured: [], skipped: [] });

    const listed = await tilewise(['tune', '--list']);
    expect(listed.out).toMatch(/^cpu \| .*\n\nshape/);
    expect(listed.out.match(/conv /g)).toHaveLength(2);

    await storeGeneral();
    const run = await tilewise(['run', model, '--json']);
    expect(JSON.parse(run.out).layers.map(({ kernel }: { kernel: string }) => kernel)).toEqual(['conv', 'conv', '-']);

    const forgotten = await tilewise(['tune', '--forget']);
    expect([forgotten.code, forgotten.err]).toEqual([0, 'forgotten: all that was measured on this machine']);
    expect((await tilewise(['tune', '--list'])).out).toBe('nothing was measured on this machine yet: tilewise tune MODEL.onnx');
    const plain = await tilewise(['run', model, '--json']);
    expect(JSON.parse(plain.out).layers.map(({ kernel }: { kernel: string }) => kernel)).not.toContain('conv');
  });

  it('says for how many shapes the budget did not last', async () => {
    const { code, out, err } = await tilewise(['tune', model, '--budget', '1e-6']);
    expect(code).toBe(0);
    expect(out).toMatch(/0 shapes measured/);
    expect(err).toMatch(/the budget did not last for 2 shapes/);
  });

  it('measures for the sizes that it is given', async () => {
    const { out } = await tilewise(['tune', model, '--dims', 'n=16', '--json']);
    expect(Object.keys(JSON.parse(out).entries)[0]).toContain('pixels 256');
  });

  it('goes on without what was damaged', async () => {
    await mkdir(join(folder, 'tilewise'));
    await writeFile(join(folder, 'tilewise', STORE_NAME), 'nonsense');
    const { code, err } = await tilewise(['run', model, '--json']);
    expect(code).toBe(0);
    expect(err).toMatch(/note: the stored measurements are ignored/);
  });

  it.each<[string, string[], RegExp, RegExp]>([
    ['no model', [], /which model is to be tuned/, /tilewise tune MODEL/],
    ['two wishes', ['--list', '--forget'], /exclude each other/, /^error/],
    ['no time', ['m.onnx', '--budget', '0'], /above 0/, /hint/],
    ['no file', ['/no/such.onnx'], /no such file/, /error/],
    ['an unknown extent', ['MODEL', '--dims', 'width=3'], /no input of the model has an extent named 'width'/, /error/],
  ])('refuses %s', async (_, args, message, more) => {
    const { code, err } = await tilewise(['tune', ...args.map((arg) => (arg === 'MODEL' ? model : arg))]);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).toMatch(more);
  });
});
