import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BenchReport } from '../../bench/results.js';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

const fast = ['--quick', '--budget', '0.001'];

describe('bench', () => {
  it('lists the cases', async () => {
    const { code, out } = await tilewise(['bench', '--list', '--quick']);
    expect(code).toBe(0);
    expect(out).toMatch(/^matmul\/256x256x256 +kernels +matrix product, 256 x 256 x 256$/m);
    expect(out).toMatch(/^model\/lenet5 +models +the model lenet5$/m);
    const some = await tilewise(['bench', '--list', '--quick', '--only', 'fusion']);
    const names = some.out.split('\n').slice(1);
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(name).toMatch(/^\S+ +fusion /);
  });

  it('runs what is picked, and shows what moved since', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet('batch'));
    const json = join(folder, 'results', 'now.json');
    const args = ['bench', model, ...fast, '--only', 'relu,model', '--dims', 'batch=2', '--machine', 'here', '--json', json];
    const { code, out } = await tilewise(args);
    expect(code).toBe(0);
    expect(out).toMatch(/^roofs: .* GFLOP\/s, .* GB\/s, a dispatch .* us$/m);
    expect(out).toMatch(/^relu\/64x1024\/shipped .* %/m);
    expect(out).toMatch(/^model\/model\/shipped: load .* ms, first run .* ms, together .* ms; with readback .* ms/m);
    expect(readdirSync(join(folder, 'results'))).toEqual(['now.json']);
    const report = JSON.parse(readFileSync(json, 'utf8')) as BenchReport;
    expect(report).toMatchObject({ schema: 1, machine: 'here', quick: true, failures: [], commit: null });
    expect(report.versions).toMatchObject({ node: process.versions.node });
    expect(report.results.map(({ name }) => name)).toEqual(['relu/64x1024/shipped', 'model/model/shipped']);
    expect(report.results[0]?.roofPercent).toBeGreaterThan(0);
    const slower = report.results.map((result) => ({ ...result, ms: { ...result.ms, median: 1000 * result.ms.median } }));
    writeFileSync(json, JSON.stringify({ ...report, machine: 'there', results: slower.slice(0, 1) }));
    const later = await tilewise(['bench', model, ...fast, '--only', 'relu,model', '--compare', json]);
    expect(later.code).toBe(0);
    expect(later.out).toMatch(/^relu\/64x1024\/shipped .*x +\* faster$/m);
    expect(later.out).toContain('1 of 1 moved; 1 are new, 0 were not run');
    expect(later.err).toContain('note: the machines differ: there, now null');
  });

  it('fails where a case fails', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, new TextEncoder().encode('no model'));
    const { code, out } = await tilewise(['bench', model, ...fast, '--only', 'model']);
    expect(code).toBe(1);
    expect(out).toMatch(/^FAILED model\/model\/shipped: /m);
  });

  it('refuses what cannot be done before it measures anything', async () => {
    const folder = temporaryFolder();
    const other = join(folder, 'other.json');
    writeFileSync(other, '{"schema": 1}');
    const refusal = async (...args: string[]): Promise<string> => {
      const { code, out, err } = await tilewise(['bench', ...args]);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      return err;
    };
    expect(await refusal('--compare', other)).toContain('is no benchmark report: it names no adapter');
    expect(await refusal('--compare', join(folder, 'none.json'))).toContain('no such file');
    expect(await refusal('--only', 'nothing')).toContain("no benchmark is named 'nothing'");
    expect(await refusal('--budget', '0')).toContain('It must be a number above 0');
    expect(await refusal(join(folder, 'none.onnx'))).toContain('no such file');
  });
});
