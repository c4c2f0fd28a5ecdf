import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const repeatsInput = (repeats: readonly number[]): InputSpec => ({
  shape: [repeats.length],
  dtype: 'int64',
  data: repeats,
  constant: true,
});

const table: [number[], number[]][] = [
  [[1], [1]],
  [[1], [5]],
  [[3], [4]],
  [[4], [33]],
  [
    [2, 3],
    [2, 1],
  ],
  [
    [2, 3],
    [1, 3],
  ],
  [
    [2, 4],
    [3, 2],
  ],
  [
    [2, 1, 8],
    [1, 5, 3],
  ],
  [
    [1, 3, 2, 4],
    [2, 2, 2, 2],
  ],
  [
    [2, 3],
    [0, 2],
  ],
  [
    [2, 0],
    [2, 2],
  ],
  [[], []],
];
const cases: OpCase[] = table.map(([shape, repeats], i) => ({
  name: `[${shape}] by [${repeats}]`,
  op: 'Tile',
  inputs: [{ shape, dtype: i % 3 === 0 ? 'int32' : 'float32' }, repeatsInput(repeats)],
  tolerance,
}));

describe('tile', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[5] as OpCase, 'let v0 = x[p0.x];', 'let v0 = x[0];'));

  it.each([
    [[2, 3], [2], 'repeats must have 2 elements'],
    [[2], [-1], 'must not be negative'],
  ] as [number[], number[], string][])('refuses [%s] by [%s]', (shape, repeats, message) => {
    expect(() => caseGraph({ name: '', op: 'Tile', inputs: [{ shape }, repeatsInput(repeats)], tolerance })).toThrow(message);
  });
});
