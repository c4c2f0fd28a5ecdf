import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const layouts: [number[], number][] = [
  [[1], 0],
  [[5], 0],
  [[3, 4], -1],
  [[3, 4], 0],
  [[33, 31], 1],
  [[2, 129, 3], 1],
  [[2, 3, 4, 5], -3],
  [[0, 4], 1],
];

const cases: OpCase[] = ['ArgMax', 'ArgMin'].flatMap((op) => [
  ...layouts.flatMap(([shape, axis], i) =>
    (['float32', 'int32', 'uint8'] as const).map((dtype) => ({
      name: `${op} ${dtype} [${shape}] along ${axis}`,
      op,
      // Few different integers: the extreme is there more than once.
      inputs: [{ shape, dtype, range: [0, dtype === 'float32' ? 2 : 3] as const }],
      attributes: { axis, keepdims: i % 2 === 0, select_last_index: i % 3 === 0 || dtype === 'uint8' },
      tolerance,
    })),
  ),
  ...[false, true].map((select_last_index) => ({
    name: `${op} of NaN, infinities and zeros${select_last_index ? ', the last' : ''}`,
    op,
    inputs: [
      { shape: [6, 3], data: [1, nan, 2, nan, 3, nan, infinity, infinity, 1, 1, -infinity, -infinity, 0, -0, 0, 2, nan, 1] },
    ],
    attributes: { axis: 1, select_last_index },
    tolerance,
  })),
]);

describe('arg-max', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.includes('[33,31]')) as OpCase, 'var k = 1u', 'var k = 2u'));

  it.each([
    [{ shape: [3] }, 1, 'axis 1 is out of range'],
    [{ shape: [3, 0] }, 1, 'no elements'],
    [{ shape: [3], dtype: 'bool' }, 0, 'not defined for bool'],
  ] as [InputSpec, number, string][])('refuses %o along %i', (x, axis, message) => {
    expect(() => caseGraph({ name: '', op: 'ArgMax', inputs: [x], attributes: { axis }, tolerance })).toThrow(message);
  });
});
