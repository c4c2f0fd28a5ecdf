import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const inputsFor = (indices: InputSpec, depth: number, values: number[] = [-1, 3]): InputSpec[] => [
  indices,
  { shape: [], dtype: 'int64', data: [depth], constant: true },
  { shape: [values.length], data: values },
];

const cases: OpCase[] = (
  [
    [[1], 1, -1],
    [[5], 3, -1],
    [[5], 4, 0],
    [[3, 4], 5, 1],
    [[2, 31], 33, -2],
    [[], 4, 0],
    [[0], 4, 0],
  ] as [number[], number, number][]
).flatMap(([shape, depth, axis]) =>
  (['int64', 'int32', 'uint8', 'float32'] as const).map((dtype) => ({
    name: `${dtype} [${shape}] of ${depth} at ${axis}`,
    op: 'OneHot',
    // Some are out of range on either side.
    inputs: inputsFor({ shape, dtype, range: dtype === 'uint8' ? [0, depth + 2] : [-depth - 2, depth + 2] }, depth),
    attributes: { axis },
    tolerance,
  })),
);

describe('one-hot', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.includes('[2,31]')) as OpCase, 'given == k ||', 'given == k + 1 ||'));

  it.each([
    [inputsFor({ shape: [2], dtype: 'int64' }, 0), 0, 'depth must be positive'],
    [inputsFor({ shape: [2], dtype: 'int64' }, 3), 2, 'axis 2 is out of range'],
    [inputsFor({ shape: [2], dtype: 'int64' }, 3, [1, 2, 3]), 0, 'length of values must be 2'],
    [inputsFor({ shape: [2], dtype: 'bool' }, 3), 0, 'must be numbers'],
  ] as [InputSpec[], number, string][])('refuses %o at %i', (inputs, axis, message) => {
    expect(() => caseGraph({ name: '', op: 'OneHot', inputs, attributes: { axis }, tolerance })).toThrow(message);
  });
});
