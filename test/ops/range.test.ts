import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, type OpCase } from '../support/check-op.js';

const rangeCase = (numbers: number[], dtype: DType, constant = true): OpCase => ({
  name: '',
  op: 'Range',
  inputs: numbers.map((v) => ({ shape: [], dtype, data: [v], constant })),
  tolerance: tolerances.exact,
});

describe('range', () => {
  it.each([
    [[0, 5, 1], 'int64', [0n, 1n, 2n, 3n, 4n]],
    [[10, 4, -2], 'int64', [10n, 8n, 6n]],
    [[1, 10, 4], 'int32', [1, 5, 9]],
    [[0, 1, 0.25], 'float32', [0, 0.25, 0.5, 0.75]],
    [[0, 1.1, 0.5], 'float32', [0, 0.5, 1]],
    [[5, 0, 1], 'int32', []],
  ] as [number[], DType, (number | bigint)[]][])('%s of %s is a constant', (numbers, dtype, expected) => {
    const { graph } = caseGraph(rangeCase(numbers, dtype));
    expect(graph.nodes).toEqual([]);
    expect([...(graph.values.get(graph.outputs[0] as string)?.tensor?.data ?? [])]).toEqual(expected);
  });

  it.each([
    [[0, 5, 0], 'delta is 0'],
    [[0, 2 ** 40, 1], 'a range of'],
  ] as [number[], string][])('refuses %s', (numbers, message) => {
    expect(() => caseGraph(rangeCase(numbers, 'int64'))).toThrow(message);
  });

  it('refuses an infinite range', () => {
    expect(() => caseGraph(rangeCase([0, Number.POSITIVE_INFINITY, 1], 'float32'))).toThrow('a range from 0 to Infinity');
  });

  it('has no kernel where it depends on data', () => {
    const { graph } = caseGraph(rangeCase([0, 5, 1], 'int32', false));
    expect(() => buildPlan(graph, defaultFacts)).toThrow('Range');
  });
});
