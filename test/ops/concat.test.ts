import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const concat = (axis: number, shapes: number[][], dtype: DType = 'float32'): OpCase => ({
  name: `Concat ${dtype} ${JSON.stringify(shapes)} axis ${axis}`,
  op: 'Concat',
  attributes: { axis },
  inputs: shapes.map((shape) => ({ shape, dtype })),
  tolerance: tolerances.exact,
});

const cases = [
  concat(0, [[5]]),
  concat(0, [[3], [0], [4], [1]]),
  concat(-1, [
    [2, 31],
    [2, 33],
  ]),
  concat(1, [
    [2, 4, 8],
    [2, 8, 8],
    [2, 12, 8],
  ]),
  concat(1, [
    [2, 3, 5, 7],
    [2, 1, 5, 7],
  ]),
  concat(3, [
    [2, 3, 2, 4],
    [2, 3, 2, 8],
  ]),
  concat(3, [
    [1, 3, 2, 5],
    [1, 3, 2, 127],
  ]),
  concat(0, [
    [1, 129],
    [2, 129],
  ]),
  concat(0, [
    [2, 0],
    [3, 0],
  ]),
  concat(0, [[7], [2]], 'int32'),
  concat(0, [[4], [4]], 'int64'),
  concat(
    1,
    [
      [2, 2],
      [2, 3],
    ],
    'bool',
  ),
  concat(
    1,
    [
      [2, 2],
      [2, 3],
    ],
    'float16',
  ),
  {
    ...concat(0, [[2], [2]]),
    name: 'Concat of NaN and a weight',
    inputs: [
      { shape: [2], data: [Number.NaN, Number.NEGATIVE_INFINITY] },
      { shape: [2], constant: true },
    ],
  },
];

describe('concat', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases[2] as OpCase, 'params.x_offset, params.y_offset)', 'params.x_offset, 0u)'));
  it.each([
    [
      'axis 2 is out of range',
      concat(2, [
        [2, 3],
        [2, 3],
      ]),
    ],
    [
      'dimension 0 of every input must be 2, got 4',
      concat(1, [
        [2, 3],
        [4, 3],
      ]),
    ],
    ['ranks 2 and 1', concat(0, [[2, 3], [3]])],
    ['one type', { ...concat(0, [[1], [1]]), inputs: [{ shape: [1] }, { shape: [1], dtype: 'int32' as const }] }],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
