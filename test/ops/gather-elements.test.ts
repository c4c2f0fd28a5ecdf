import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
/** x, indices, axis. */
const table: [number[], number[], number][] = [
  [[1], [1], 0],
  [[5], [33], 0],
  [[3, 4], [3, 7], 1],
  [[3, 4], [2, 4], 0],
  [[3, 4], [5, 3], -2],
  [[2, 31, 3], [2, 5, 3], 1],
  [[2, 3, 4, 5], [1, 2, 6, 4], 2],
  [[3, 4], [0, 4], 0],
];
const cases: OpCase[] = table.flatMap(([x, shape, axis], i) =>
  (['int64', 'int32'] as const).map((dtype) => {
    const extent = x.at(axis) as number;
    const range: [number, number] = [-extent, extent - 1];
    return {
      name: `[${x}] by ${dtype} [${shape}] along ${axis}`,
      op: 'GatherElements',
      inputs: [{ shape: x }, { shape, dtype, range, constant: i % 2 === 0 }],
      attributes: { axis },
      tolerance,
    };
  }),
);

describe('gather-elements', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[6] as OpCase, 'given + params.extent', 'given'));

  it.each([
    [[{ shape: [3, 4] }, { shape: [4, 4], dtype: 'int64' }], 1, 'do not fit'],
    [[{ shape: [3, 4] }, { shape: [4], dtype: 'int64' }], 0, 'do not fit'],
    [[{ shape: [3, 4] }, { shape: [3, 4] }], 0, 'int32 or int64'],
    [[{ shape: [3] }, { shape: [2], dtype: 'int64', data: [0, 3], constant: true }], 0, 'index 3 is out of range'],
    [[{ shape: [3, 0] }, { shape: [3, 1], dtype: 'int64' }], 1, 'no elements'],
  ] as [InputSpec[], number, string][])('refuses %o along %i', (inputs, axis, message) => {
    expect(() => caseGraph({ name: '', op: 'GatherElements', inputs, attributes: { axis }, tolerance })).toThrow(message);
  });
});
