import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const count = (k: number): InputSpec => ({ shape: [1], dtype: 'int64', data: [k], constant: true });

const cases: OpCase[] = (
  [
    [[1], 0, 1],
    [[5], 0, 3],
    [[5], -1, 5],
    [[3, 31], 1, 4],
    [[33, 3], 0, 33],
    [[2, 129, 3], 1, 5],
    [[2, 3, 4, 5], -3, 2],
    [[3, 4], 1, 0],
    [[0, 4], 1, 2],
  ] as [number[], number, number][]
).flatMap(([shape, axis, k]) =>
  (['float32', 'int32', 'uint8'] as const).flatMap((dtype) =>
    [true, false].map((largest) => ({
      name: `${dtype} [${shape}] along ${axis}, the ${k} ${largest ? 'largest' : 'smallest'}`,
      op: 'TopK',
      // Few different integers: ties are the rule.
      inputs: [{ shape, dtype, range: dtype === 'uint8' ? [0, 4] : [-4, 4] }, count(k)] as InputSpec[],
      attributes: { axis, largest, sorted: dtype !== 'uint8' },
      outputs: 2,
      tolerance,
    })),
  ),
);
const special: OpCase[] = [true, false].map((largest) => ({
  name: `NaN, infinities and zeros, ${largest ? 'largest' : 'smallest'} first`,
  op: 'TopK',
  inputs: [{ shape: [13], data: [1, nan, -infinity, 0, infinity, -0, 0, nan, -1, 1e-40, -1e-40, 3e38, infinity] }, count(13)],
  attributes: { largest },
  outputs: 2,
  tolerance,
}));

describe('top-k', () => {
  it.each([...cases, ...special])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.startsWith('int32 [3,31]')) as OpCase, 'other < n', 'other > n'));

  it.each([
    [[{ shape: [3] }, count(4)], 0, 'k 4 is more than the 3 elements'],
    [[{ shape: [3] }, count(-1)], 0, 'k must not be negative'],
    [[{ shape: [3] }, count(1)], 1, 'axis 1 is out of range'],
    [[{ shape: [3], dtype: 'bool' }, count(1)], 0, 'not defined for bool'],
  ] as [InputSpec[], number, string][])('refuses %o along %i', (inputs, axis, message) => {
    expect(() => caseGraph({ name: '', op: 'TopK', inputs, attributes: { axis }, outputs: 2, tolerance })).toThrow(message);
  });
});
