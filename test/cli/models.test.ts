import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelBytes, node } from '../importers/models.js';
import { sumNet, temporaryFolder, tilewise } from './support.js';

const a = [0.5, 0.25, -1, 3, 2, 1];
const sums = a.map((v) => v + 1);

/** A folder with one model, a case for each list of golden outputs, and an entry whose file is no model. */
const folderOf = async (entry: Record<string, unknown>, ...golden: number[][]): Promise<string> => {
  const folder = temporaryFolder();
  await mkdir(join(folder, 'sum'));
  await writeFile(join(folder, 'sum', 'model.onnx'), sumNet());
  const raw = async (file: string, numbers: readonly number[]) => {
    await writeFile(join(folder, 'sum', file), new Uint8Array(Float32Array.from(numbers).buffer));
    return { dtype: 'float32', dims: [2, 3], file };
  };
  const inputs = [
    { name: 'a', ...(await raw('a.bin', a)) },
    {
      name: 'b',
      ...(await raw(
        'b.bin',
        a.map(() => 1),
      )),
    },
  ];
  const cases = await Promise.all(
    golden.map(async (numbers, i) => ({
      name: `case${i}`,
      inputs,
      outputs: [{ name: 'Add_0.out', tol_hint_abs: 0.01, ...(await raw(`out${i}.bin`, numbers)) }],
    })),
  );
  const models = [{ id: 'sum', file: 'sum/model.onnx', tags: [], first: true, cases, ...entry }];
  await writeFile(join(folder, 'manifest.json'), JSON.stringify({ models }));
  return folder;
};

const results = async (folder: string, ...flags: string[]) => {
  const file = join(folder, 'report.json');
  const { code } = await tilewise(['models', folder, '--runs', '1', '--json', file, ...flags]);
  return { code, results: JSON.parse(await readFile(file, 'utf8')) };
};

const classifier = { eval: [{ dev: { top1: 1 } }] };

describe('models', () => {
  it('passes what is equal and fails what is not', async () => {
    const off = sums.map((v) => v * 1.001);
    const folder = await folderOf(classifier, sums, off);
    const { code, results: rows } = await results(folder);
    expect(code).toBe(1);
    expect(rows.map(({ result }: { result: string }) => result)).toEqual(['pass', 'fail']);
    expect(rows[0]).toMatchObject({ model: 'sum', case: 'case0', relativeError: 0, maxAbsError: 0, top1Equal: true });
    expect(rows[1].relativeError).toBeCloseTo(0.001 / 1.001, 6);
    const { out } = await tilewise(['models', folder, '--runs', '1']);
    expect(out).toMatch(/^sum +case0 +0\.0e\+0 .* equal .* pass$/m);
    expect(out).toContain('1 passed, 1 failed, 0 refused');
  });

  it('fails where the first class is another one', async () => {
    const almost = [1.50001, 1.5, 0, 4, 3, 2];
    const folder = await folderOf(classifier, almost);
    const swapped = [1.5, 1.50001, 0, 4, 3, 2];
    await writeFile(join(folder, 'sum', 'a.bin'), new Uint8Array(Float32Array.from(swapped, (v) => v - 1).buffer));
    const { code, results: rows } = await results(folder);
    expect(rows[0].relativeError).toBeLessThan(1e-4);
    expect({ code, result: rows[0].result, top1Equal: rows[0].top1Equal }).toEqual({ code: 1, result: 'fail', top1Equal: false });
  });

  it('holds low precision to the bound of the case', async () => {
    const near = sums.map((v) => v + 0.009);
    const far = sums.map((v) => v + 0.02);
    const { code, results: rows } = await results(await folderOf({ tags: ['fp16'] }, near, far));
    expect(code).toBe(1);
    expect(rows.map(({ result }: { result: string }) => result)).toEqual(['pass', 'fail']);
  });

  it('reports what cannot be loaded and goes on', async () => {
    const folder = await folderOf({}, sums);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
    manifest.models.unshift({ ...manifest.models[0], id: 'broken', file: 'sum/a.bin', first: false });
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    expect((await results(folder)).results.map(({ model }: { model: string }) => model)).toEqual(['sum']);
    const { code, results: rows } = await results(folder, '--all');
    expect(code).toBe(1);
    expect(rows.map(({ model, result }: Record<string, string>) => [model, result])).toEqual([
      ['broken', 'fail'],
      ['sum', 'pass'],
    ]);
    expect(rows[0].reason).not.toBe('');
  });

  it('fails for a model that is refused where it is among the first, or with --strict', async () => {
    const folder = await folderOf({ first: false }, sums);
    await writeFile(join(folder, 'sum', 'model.onnx'), modelBytes({ nodes: [node('Frobnicate', ['x'], ['y'])] }));
    const { code, results: rows } = await results(folder, '--all');
    expect({ code, results: rows.map(({ result }: Record<string, string>) => result) }).toEqual({
      code: 0,
      results: ['refused'],
    });
    expect((await results(folder, '--all', '--strict')).code).toBe(1);
  });

  it('tells where models come from when there are none', async () => {
    for (const args of [['models'], ['models', join(temporaryFolder(), 'none')]]) {
      const { code, out } = await tilewise(args);
      expect(code).toBe(0);
      expect(out).toContain('https://github.com/onnx/models');
    }
  });

  it('refuses a manifest that is none', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'manifest.json'), '{"models": 3}');
    expect((await tilewise(['models', folder])).err).toMatch(/^error: .*manifest\.json: 'models' must be a list$/m);
    await writeFile(join(folder, 'manifest.json'), 'models');
    expect((await tilewise(['models', folder])).err).toContain('is not JSON');
  });
});
