import { describe, expect, it } from 'vitest';
import { compareReports, reportFrom } from '../../bench/changes.js';
import type { BenchReport, BenchResult } from '../../bench/results.js';
import { spreadOf } from '../../bench/statistics.js';

const result = (name: string, ms: number): BenchResult => ({
  name,
  group: 'kernels',
  case: name,
  variant: 'shipped',
  kernels: [],
  dispatches: 1,
  flops: 0,
  bytes: 0,
  ms: spreadOf([ms * 0.99, ms, ms * 1.01]),
  gflops: 0,
  gbs: 0,
  roofPercent: null,
  agreement: null,
});

const report = (results: BenchResult[], description = 'an adapter'): BenchReport => ({
  schema: 1,
  adapter: { description, vendor: '', architecture: '', kind: 'gpu' },
  features: [],
  versions: { tilewise: '0' },
  commit: null,
  date: '2026-01-01T00:00:00.000Z',
  machine: null,
  quick: true,
  roofs: null,
  results,
  failures: [],
});

describe('changes between two reports', () => {
  it('names what moved, what is new and what is gone', () => {
    const before = report([result('a', 10), result('b', 10), result('c', 10), result('gone', 1)]);
    const now = report([result('a', 5), result('b', 10.1), result('c', 20), result('new', 1)]);
    const { changes, added, removed, warnings } = compareReports(before, now);
    expect(changes.map(({ name, speedup, moved }) => [name, speedup, moved])).toEqual([
      ['a', 2, true],
      ['b', 10 / 10.1, false],
      ['c', 0.5, true],
    ]);
    expect({ added, removed, warnings }).toEqual({ added: ['new'], removed: ['gone'], warnings: [] });
  });

  it('warns of another adapter', () => {
    expect(compareReports(report([], 'one'), report([], 'two')).warnings).toEqual(['the adapters differ: one, now two']);
  });

  it('survives JSON', () => {
    const one = report([result('a', 10)]);
    expect(reportFrom(JSON.parse(JSON.stringify(one)), 'a.json')).toEqual(one);
  });

  it.each([
    [null, 'not a JSON object'],
    [{ schema: 2 }, 'its schema is 2, not 1'],
    [{ schema: 1 }, 'names no adapter'],
    [{ schema: 1, adapter: { description: 'x' }, results: {} }, 'results are malformed'],
    [{ schema: 1, adapter: { description: 'x' }, results: [{ name: 'a' }] }, 'results are malformed'],
  ])('refuses %j', (json, why) => {
    expect(() => reportFrom(json, 'old.json')).toThrow(why);
  });
});
