import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

/** Determinants of some hundreds, of as many products. */
const tolerance = { atol: 2e-3, rtol: 1e-4 };
const cases: OpCase[] = [
  ...[
    [1, 1],
    [2, 2],
    [3, 3],
    [2, 5, 5],
    [2, 3, 4, 4],
    [70, 2, 2],
    [0, 3, 3],
    [2, 0, 0],
  ].map((shape) => ({
    name: `[${shape}]`,
    inputs: [{ shape }],
  })),
  { name: 'rows that must change places', inputs: [{ shape: [3, 3], data: [0, 1, 2, 3, 0, 1, 0, 0, 5] }] },
  { name: 'a column of zeros', inputs: [{ shape: [3, 3], data: [1, 0, 2, 3, 0, 1, 4, 0, 5] }] },
].map((given) => ({ ...given, op: 'Det', tolerance }));

describe('det', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[8] as OpCase, 'product = -product', 'product = product'));
  it.each([
    [{ shape: [3] }, 'at least 2 dimensions'],
    [{ shape: [3, 4] }, 'must be 3'],
    [{ shape: [3, 3], dtype: 'int32' }, 'not defined for int32'],
  ] as [InputSpec, string][])('refuses %o', (x, message) => {
    expect(() => caseGraph({ name: '', op: 'Det', inputs: [x], tolerance: tolerances.exact })).toThrow(message);
  });
});
