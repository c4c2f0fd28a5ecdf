import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const split = (shape: number[], axis: number, parts: number[] | number, attributes = {}): OpCase => ({
  name: `Split [${shape}] axis ${axis} into ${JSON.stringify(parts)} ${JSON.stringify(attributes)}`,
  op: 'Split',
  attributes: { axis, ...attributes },
  inputs: [
    { shape },
    ...(typeof parts === 'number' ? [] : [{ shape: [parts.length], dtype: 'int64' as const, data: parts, constant: true }]),
  ],
  outputs: typeof parts === 'number' ? parts : parts.length,
  tolerance: tolerances.exact,
});

const cases = [
  split([6], 0, 3),
  split([7], 0, 3, { num_outputs: 3 }),
  split([5], 0, [5]),
  split([2, 8, 4], 1, 2),
  split([2, 33, 3], 1, [1, 31, 1]),
  split([2, 3, 129], -1, [127, 2]),
  split([4, 16], 1, [4, 0, 12]),
  split([0, 4], 1, 2),
  split([3, 4], 0, 2, { num_outputs: 2 }),
];

describe('split', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[4] as OpCase, 'Place(i, params.x_offset', 'Place(i, 0'));
  it.each([
    ['does not add up to 6', split([6], 0, [2, 3])],
    ['negative extent', split([6], 0, [7, -1])],
    ['num_outputs is 2, but the node has 3', split([6], 0, 3, { num_outputs: 2 })],
    ['cannot be split into 4 parts', split([5], 0, 4)],
    ['axis 1 is out of range', split([6], 1, 3)],
    ['2 extents for 3 outputs', { ...split([6], 0, [3, 3]), outputs: 3 }],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
