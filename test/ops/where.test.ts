import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const shapes: [number[], number[], number[]][] = [
  [[1], [1], [1]],
  [[33], [33], [33]],
  [[32], [32], [32]],
  [[3, 4], [], [4]],
  [[3, 1], [1, 4], []],
  [[5], [2, 1], [3, 1, 1]],
  [[2, 3, 1], [8], [2, 1, 8]],
  [[], [127], [127]],
  [[1, 4], [0, 4], [4]],
];
const types: DType[] = ['float32', 'int32', 'int64', 'uint8', 'bool'];

const whereCase = ([condition, a, b]: [number[], number[], number[]], dtype: DType): OpCase => {
  const range = dtype === 'bool' ? ([0, 1] as const) : dtype === 'uint8' ? ([0, 255] as const) : ([-9, 9] as const);
  return {
    name: `Where ${dtype} [${condition}] [${a}] [${b}]`,
    op: 'Where',
    inputs: [
      { shape: condition, dtype: 'bool', range: [0, 1] },
      { shape: a, dtype, range },
      { shape: b, dtype, range },
    ],
    tolerance: tolerances.exact,
  };
};
const cases = [
  ...shapes.map((shape) => whereCase(shape, 'float32')),
  ...types.map((dtype) => whereCase([[3, 1], [5], [3, 5]], dtype)),
];
const special: OpCase = {
  name: 'NaN and infinities pass',
  op: 'Where',
  inputs: [
    { shape: [4], dtype: 'bool', data: [1, 0, 1, 0] },
    { shape: [1], data: [Number.NaN] },
    { shape: [4], data: [1, Number.POSITIVE_INFINITY, 2, Number.NaN] },
  ],
  tolerance: tolerances.exact,
};

describe('where', () => {
  it.each([...cases, special])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[1] as OpCase, '!= Elem(0)', '== Elem(0)'));

  it.each([
    ['a condition that is not bool', ['int32', 'float32', 'float32'], [2], 'must be bool'],
    ['two types', ['bool', 'float32', 'int32'], [2], 'one type'],
    ['shapes that do not broadcast', ['bool', 'float32', 'float32'], [3], 'do not broadcast'],
  ] as [string, DType[], number[], string][])('refuses %s', (_, dtypes, shape, message) => {
    const inputs = dtypes.map((dtype, i) => ({ shape: i === 0 ? shape : [2], dtype }));
    expect(() => caseGraph({ name: '', op: 'Where', inputs, tolerance: tolerances.exact })).toThrow(message);
  });
});
