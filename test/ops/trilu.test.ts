import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const shapes = [
  [1, 1],
  [3, 4],
  [5, 3],
  [2, 3, 3],
  [2, 2, 31, 33],
  [0, 3],
  [3, 0],
];
const diagonals = [undefined, 0, 1, -1, 3, -7, 2 ** 31 - 1];

const cases: OpCase[] = shapes.flatMap((shape) =>
  diagonals.flatMap((k, i) =>
    [true, false].map((upper) => ({
      name: `[${shape}] ${upper ? 'upper' : 'lower'} from ${k}`,
      op: 'Trilu',
      inputs: [
        { shape, dtype: i % 2 === 0 ? 'float32' : 'int32' },
        ...(k === undefined ? [] : [{ shape: [], dtype: 'int64', data: [k], constant: i % 2 === 0 }]),
      ] as InputSpec[],
      attributes: { upper },
      tolerance,
    })),
  ),
);

describe('trilu', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(
      cases.find(({ name }) => name.startsWith('[3,4] lower')) as OpCase,
      'j - i <= k',
      'j - i <= k + 1',
    ));

  it.each([
    [[{ shape: [3] }], 'at least 2 dimensions'],
    [[{ shape: [3, 3] }, { shape: [2], dtype: 'int64' }], 'one number'],
    [[{ shape: [3, 3] }, { shape: [] }], 'k must be int64'],
  ] as [InputSpec[], string][])('refuses %o', (inputs, message) => {
    expect(() => caseGraph({ name: '', op: 'Trilu', inputs, tolerance })).toThrow(message);
  });
});
