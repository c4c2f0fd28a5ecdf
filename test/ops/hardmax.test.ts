import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const layouts: [number[], number][] = [
  [[1], 0],
  [[5], 0],
  [[3, 4], -1],
  [[33, 31], 1],
  [[3, 4], 0],
  [[2, 129, 3], 1],
  [[2, 3, 4, 5], 1],
  [[0, 4], 1],
];
const cases: OpCase[] = [
  ...layouts.flatMap(([shape, axis]) =>
    [false, true].map((toEnd) => ({
      name: `[${shape}] along ${axis}${toEnd ? ' to the end' : ''}`,
      op: 'Hardmax',
      inputs: [{ shape }],
      attributes: { axis, toEnd },
      tolerance,
    })),
  ),
  {
    name: 'ties and NaN',
    op: 'Hardmax',
    inputs: [{ shape: [4, 4], data: [1, 3, 3, 2, 1, Number.NaN, 2, Number.NaN, 0, -0, 0, 0, -1, -1, -2, -1] }],
    tolerance,
  },
];

describe('hardmax', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases.at(-1) as OpCase, 'v > best', 'v >= best'));

  it.each([
    [{ shape: [3] }, 1, 'axis 1 is out of range'],
    [{ shape: [3], dtype: 'int32' }, 0, 'not defined for int32'],
  ] as [InputSpec, number, string][])('refuses %o along %i', (x, axis, message) => {
    expect(() => caseGraph({ name: '', op: 'Hardmax', inputs: [x], attributes: { axis }, tolerance })).toThrow(message);
  });
});
