import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const cases: OpCase[] = [{}, { lambd: 1.5 }, { lambd: 1, bias: 0.5 }, { lambd: 0, bias: -1 }].flatMap((attributes) =>
  [[1], [5], [8], [2, 33], [0]].map((shape) => ({
    name: `[${shape}] ${JSON.stringify(attributes)}`,
    op: 'Shrink',
    inputs: [{ shape }],
    attributes,
    tolerance: tolerances.arithmetic,
  })),
);
const fused: OpCase = {
  name: 'Sigmoid after it',
  op: 'Shrink',
  inputs: [{ shape: [9] }],
  attributes: { epilogue: [{ op: 'Sigmoid', attributes: {} }] },
  tolerance: tolerances.transcendental,
};

describe('shrink', () => {
  it.each([...cases, fused])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[3] as OpCase, 'v > Elem(params.lambd)', 'v > Elem(0)'));

  it('refuses bool, and has no kernel for integers', () => {
    const graph = (dtype: 'bool' | 'int32') =>
      caseGraph({ name: '', op: 'Shrink', inputs: [{ shape: [2], dtype }], tolerance: tolerances.exact }).graph;
    expect(() => graph('bool')).toThrow('not defined for bool');
    expect(() => buildPlan(graph('int32'), defaultFacts)).toThrow('no kernel for int32');
  });
});
