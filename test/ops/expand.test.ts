import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const expand = (shape: number[], target: number[]): OpCase => ({
  name: `Expand [${shape}] to [${target}]`,
  op: 'Expand',
  inputs: [{ shape }, { shape: [target.length], dtype: 'int64', data: target, constant: true }],
  tolerance: tolerances.exact,
});

const cases = [
  expand([], [3]),
  expand([1], [33]),
  expand([3, 1], [2, 1, 6]),
  expand([3, 4], [1, 1]),
  expand([3, 4], [2, 3, 4]),
  expand([4, 1, 8], [4, 5, 8]),
  expand([1, 3, 1, 5], [2, 3, 127, 5]),
  expand([1], [0]),
  expand([], []),
];

describe('expand', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[2] as OpCase, 'at.rest / extent', 'at.rest / 2u'));
  it.each([
    ['does not broadcast', expand([3], [4])],
    ['negative extent', expand([3], [-1, 3])],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
