import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { parseAttributes } from '../../src/ops/attributes.js';
import { lrn as operator } from '../../src/ops/lrn.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const lrn = (shape: number[], attributes: Record<string, number | boolean>): OpCase => ({
  name: `[${shape}] ${JSON.stringify(attributes)}`,
  op: 'LRN',
  inputs: [{ shape }],
  attributes,
  tolerance: tolerances.transcendental,
});

const shapes = [
  [2, 5],
  [1, 1, 3],
  [2, 7, 3, 5],
  [2, 8, 2, 2],
  [1, 33, 2, 3],
  [2, 3, 2, 3, 4],
  [0, 3, 2, 2],
];
const cases: OpCase[] = [
  ...shapes.flatMap((shape) =>
    [1, 2, 3, 4, 5, 11].flatMap((size) => [false, true].map((channelsLast) => lrn(shape, { size, alpha: 0.5, channelsLast }))),
  ),
  lrn([2, 7, 3, 5], { size: 5 }),
  lrn([2, 7, 3, 5], { size: 3, alpha: 2, beta: 0.5, bias: 2 }),
  lrn([2, 7, 3, 4], { size: 3, alpha: 1, beta: 1.5, bias: 0.1 }),
];

const special: OpCase = {
  ...lrn([1, 4, 2], { size: 3, alpha: 1 }),
  name: 'NaN and infinity spoil the windows that hold them',
  inputs: [{ shape: [1, 4, 2], data: [1, 2, 3, 4, Number.NaN, Number.POSITIVE_INFINITY, 7, 8] }],
};
const zero: OpCase = {
  ...lrn([1, 3, 1], { size: 1, alpha: 1, bias: 0 }),
  name: '0 / 0',
  inputs: [{ shape: [1, 3, 1], data: [0, 1, 2] }],
};

describe('LRN', () => {
  it.each([...cases, special, zero])('$name', (opCase) => checkOp(opCase));

  it.each([
    ['c + params.after', 'c + params.before'],
    ['j <= last', 'j < last'],
  ])('rejects a wrong kernel: %s', (right, wrong) =>
    expectWrongKernelRejected(lrn([2, 7, 3, 5], { size: 4, alpha: 0.5 }), right, wrong),
  );

  it('refuses windows of no channels, powers of negative numbers and inputs without channels', () => {
    expect(() => parseAttributes(operator.attributes, new Map([['size', 0]]))).toThrow('from 1 to');
    const { graph } = caseGraph(lrn([1, 2, 3], { size: 3, alpha: -1 }));
    expect(() => buildPlan(graph, defaultFacts)).toThrow('neither may be negative');
    expect(() => caseGraph(lrn([3], { size: 3 }))).toThrow('at least 2 dimensions');
  });
});
