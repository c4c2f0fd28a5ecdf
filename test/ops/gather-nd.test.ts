import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
/** x, indices, batch_dims; the indices stay within [-least, least) of the axes that they name. */
const table: [number[], number[], number, number][] = [
  [[5], [1], 0, 5],
  [[5], [33, 1], 0, 5],
  [[3, 4], [6, 2], 0, 3],
  [[3, 4], [6, 1], 0, 3],
  [[3, 5], [2, 3, 1], 0, 3],
  [[2, 3, 5], [2, 4, 1], 1, 3],
  [[2, 3, 4, 8], [2, 3, 2, 1], 2, 4],
  [[2, 3, 4, 31], [2, 7, 2], 1, 3],
  [[2, 2, 2, 2], [3, 3, 4], 0, 2],
  [[3, 4], [0, 2], 0, 3],
];
const cases: OpCase[] = table.map(([x, shape, batch_dims, least], i) => ({
  name: `[${x}] by [${shape}], batch_dims ${batch_dims}`,
  op: 'GatherND',
  inputs: [
    { shape: x },
    {
      shape,
      dtype: i % 3 === 0 ? 'int32' : 'int64',
      constant: i % 2 === 0,
      range: [-least, least - 1],
    },
  ],
  attributes: { batch_dims },
  tolerance,
}));

describe('gather-nd', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[7] as OpCase, 't / params.tuples', '0u'));

  it.each([
    [[{ shape: [3, 4] }, { shape: [2, 3], dtype: 'int64' }], 0, 'hold places of 3 axes'],
    [[{ shape: [3, 4] }, { shape: [2, 1], dtype: 'int64' }], 1, 'batch dimension 0 of indices must be 3'],
    [[{ shape: [3, 4] }, { shape: [2], dtype: 'int64' }], 1, 'at least 2 dimensions'],
    [[{ shape: [3, 4] }, { shape: [2] }], 0, 'int32 or int64'],
    [[{ shape: [3, 4] }, { shape: [2], dtype: 'int64', data: [2, 4], constant: true }], 0, 'index 4 is out of range'],
  ] as [InputSpec[], number, string][])('refuses %o with %i', (inputs, batch_dims, message) => {
    expect(() => caseGraph({ name: '', op: 'GatherND', inputs, attributes: { batch_dims }, tolerance })).toThrow(message);
  });
});
