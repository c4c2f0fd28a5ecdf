import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const extents = (...data: number[]): InputSpec => ({ shape: [data.length], dtype: 'int64', data, constant: true });
const crop = (shape: number[], to: number[], axes?: number[]): OpCase => ({
  name: `[${shape}] to [${to}]${axes ? ` along [${axes}]` : ''}`,
  op: 'CenterCropPad',
  inputs: [{ shape }, extents(...to)],
  attributes: { axes },
  tolerance: tolerances.exact,
});
const cases = [
  crop([5], [3]),
  crop([5], [2]),
  crop([5], [8]),
  crop([5], [5]),
  crop([4, 7, 3], [9, 4, 3]),
  crop([20, 10, 3], [10, 7, 9]),
  crop([2, 8, 8, 4], [5, 12], [1, -2]),
  crop([3, 0], [3, 2]),
  crop([3, 2], [3, 0]),
];

describe('center-crop-pad', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases[1] as OpCase, 'Place(i, params.x_offset', 'Place(i, params.x_offset + 1'));
  it.each([
    [[1, 2, 3], undefined, '3 extents are given for 2 axes'],
    [[-1, 2], undefined, 'must not be negative'],
    [[1, 2], [0, -2], 'twice'],
    [[1], [2], 'out of range'],
  ] as [number[], number[] | undefined, string][])('refuses [%s] along %s', (to, axes, message) => {
    expect(() => caseGraph(crop([2, 2], to, axes))).toThrow(message);
  });
});
