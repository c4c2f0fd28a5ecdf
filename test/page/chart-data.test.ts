import { describe, expect, it } from 'vitest';
import { batchCurves, histogramOf, ladderCurves, roofAt, roofCorners, rooflinePoints } from '../../bench/page/chart-data.js';
import { columns, type Row, sorted, toMarkdown } from '../../bench/page/columns.js';
import { families, familyOf, isPicked, pickOf } from '../../bench/page/families.js';
import { modelName } from '../../bench/page/model-bytes.js';
import { agreementOf } from '../../bench/page/peers.js';
import { fromHash, toHash } from '../../bench/page/settings.js';
import type { BenchResult } from '../../bench/results.js';

const result = (name: string, more: Partial<BenchResult> = {}): BenchResult => ({
  name,
  group: 'kernels',
  case: name.replace(/\/[^/]*$/, ''),
  variant: name.replace(/^.*\//, ''),
  kernels: ['k'],
  dispatches: 1,
  flops: 100,
  bytes: 50,
  ms: { median: 1, p95: 2, min: 1, deviation: 0, samples: 3 },
  gflops: 5,
  gbs: 1,
  roofPercent: null,
  agreement: null,
  ...more,
});

describe('the charts', () => {
  it('have a curve for each kernel of the ladder, over square products only', () => {
    const results = [
      result('matmul/128x128x128/naive', { gflops: 2 }),
      result('matmul/64x64x64/naive', { gflops: 1 }),
      result('matmul/64x64x64/vec4', { gflops: 3 }),
      result('matmul/1x64x64/naive'),
    ];
    const series = [
      { label: 'naive', y: [1, 2] },
      { label: 'vec4', y: [3, null] },
    ];
    expect(ladderCurves(results)).toEqual({ x: [64, 128], series });
  });

  it('have the images per second of every batch', () => {
    const results = [8, 1].map((batch) => result(`net/batch-${batch}/shipped`, { batch, imagesPerSecond: 10 * batch }));
    expect(batchCurves(results)).toEqual({ x: [1, 8], series: [{ label: 'net', y: [10, 80] }] });
  });

  it('have a roof that bends where memory stops to bound', () => {
    const roofs = { aluGflops: 100, memoryGBs: 10, launchMicroseconds: 1 };
    expect([1, 10, 50].map((intensity) => roofAt(roofs, intensity))).toEqual([10, 100, 100]);
    const points = rooflinePoints([result('a/b'), result('none/b', { flops: 0, gflops: 0 })]);
    expect(points).toEqual([{ name: 'a/b', intensity: 2, gflops: 5 }]);
    expect(roofCorners(roofs, points)).toEqual([1, 10, 20]);
  });

  it('count every sample once', () => {
    const { x, counts } = histogramOf([1, 1, 2, 3]);
    expect(counts.reduce((a, b) => a + b)).toBe(4);
    expect([counts[0], counts.at(-1)]).toEqual([2, 1]);
    expect(x[0]).toBeCloseTo(1.05);
    expect(histogramOf([5, 5]).counts[0]).toBe(2);
    expect(histogramOf([])).toEqual({ x: [], counts: [] });
  });
});

describe('the table', () => {
  const rows: Row[] = [
    { result: result('b/x', { gflops: 1, roofPercent: 5 }) },
    { result: result('a|/x', { gflops: 3 }) },
    { result: result('c10/x', { gflops: 2, roofPercent: 9 }) },
  ];
  const names = (order: { column: string; descending: boolean }) => sorted(rows, columns, order).map((row) => row.result.name);

  it('sorts numbers and names, what is missing last', () => {
    expect(names({ column: 'gflops', descending: true })).toEqual(['a|/x', 'c10/x', 'b/x']);
    expect(names({ column: 'name', descending: false })).toEqual(['a|/x', 'b/x', 'c10/x']);
    for (const descending of [true, false]) expect(names({ column: 'roof', descending })[2]).toBe('a|/x');
  });

  it('is copied as Markdown, with bars escaped', () => {
    const lines = toMarkdown(rows, columns.slice(0, 2), 'head').split('\n');
    expect(lines.slice(0, 5)).toEqual(['head', '', '| Case | Median, ms |', '| --- | ---: |', '| b/x | 1 |']);
    expect(lines[5]).toContain('a\\|/x');
  });
});

describe('the settings', () => {
  it('come back from a link', () => {
    const full = {
      quick: false,
      pick: ['matmul', 'a/1x1'],
      budgetSeconds: 0.5,
      machine: 'm & n',
      models: ['https://a.test/b.onnx'],
    };
    expect(fromHash(toHash(full))).toEqual(full);
    expect(toHash({ quick: true, pick: 'all', models: [] })).toBe('');
    expect(fromHash('#budget=no&only=conv')).toEqual({ quick: true, pick: 'all', models: [], only: 'conv' });
    expect(fromHash('#cases=')).toMatchObject({ pick: [] });
  });

  it('name families where they are whole, and cases else', () => {
    const all = ['matmul/1', 'matmul/2', 'conv-3x3/1', 'relu/1'].map((name) => ({ name, group: 'kernels' as const, title: '' }));
    expect(all.map((one) => familyOf(one).id)).toEqual(['matmul', 'matmul', 'conv', 'memory']);
    const pick = pickOf(all, new Set(['matmul/2', 'relu/1']));
    expect(pick).toEqual(['matmul/2', 'memory']);
    expect(all.filter((one) => isPicked(one, pick)).map(({ name }) => name)).toEqual(['matmul/2', 'relu/1']);
    expect(pickOf(all, new Set(all.map(({ name }) => name)))).toBe('all');
    expect(new Set(families.map(({ id }) => id)).size).toBe(families.length);
  });

  it('name models apart', () => {
    expect(modelName('https://a.test/x/My net.onnx?v=1', [])).toBe('My-net');
    expect(modelName('a.onnx', ['a', 'a-2'])).toBe('a-3');
  });
});

describe('agreement with another library', () => {
  it('is relative to the largest output, and never of what is no number', () => {
    expect(agreementOf([1000, 1], [1000.5, 1])).toEqual({ worst: 0.5, largest: 1000.5, agrees: true });
    expect(agreementOf([1, 1], [1.5, 1]).agrees).toBe(false);
    expect(agreementOf([Number.NaN], [1]).agrees).toBe(false);
    expect(agreementOf([1, 2], [1]).agrees).toBe(false);
    expect(agreementOf([Number.NaN, Number.POSITIVE_INFINITY], [Number.NaN, Number.POSITIVE_INFINITY]).worst).toBe(0);
  });
});
