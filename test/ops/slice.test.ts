import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { foldConstants } from '../../src/passes/fold-constants.js';
import { tolerances } from '../../src/tensor/compare.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const MAX = 2 ** 63;
const MIN = -(2 ** 63);

const slice = (shape: number[], ...lists: number[][]): OpCase => ({
  name: `Slice [${shape}] ${lists.map((list) => `[${list}]`).join(' ')}`,
  op: 'Slice',
  inputs: [{ shape }, ...lists.map((data) => ({ shape: [data.length], dtype: 'int64' as const, data, constant: true }))],
  tolerance: tolerances.exact,
});

const cases = [
  slice([5], [1], [4]),
  slice([5], [0], [MAX]),
  slice([5], [-3], [MAX]),
  slice([7], [MAX], [MIN], [0], [-1]),
  slice([7], [-1], [MIN], [0], [-2]),
  slice([7], [-1], [0], [0], [-3]),
  slice([7], [5], [-6], [0], [-1]),
  slice([7], [MIN], [MAX], [0], [3]),
  slice([7], [2], [MAX], [0], [MAX]),
  slice([7], [-2], [MIN], [0], [MIN]),
  slice([4, 8], [0], [4], [1]),
  slice([4, 8, 8], [4, 1], [8, 3], [2, 0]),
  slice([4, 8, 8], [1, 4], [3, 8], [0, -1]),
  slice([2, 3, 33, 5], [0, 1], [2, 3]),
  slice([2, 3, 8, 12], [0, 0], [MAX, MAX], [2, 3], [2, 2]),
  slice([2, 3, 8, 12], [1, 1], [MAX, MAX], [-2, -1], [2, 2]),
  slice([2, 129], [-1], [MIN], [1], [-1]),
  slice([5], [3], [2]),
  slice([70, 61], [-1, 1], [MIN, MAX], [0, 1], [-1, 1]),
  slice([5], [7], [9]),
  slice([0, 3], [-1], [MIN], [0], [-1]),
];

describe('slice', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[4] as OpCase, 'at.x + i32(index)', 'at.x - i32(index)'));
  it.each([
    ['a step is 0', slice([5], [0], [5], [0], [0])],
    ['axis 1 is out of range', slice([5], [0], [5], [1])],
    ['name axis 0 twice', slice([5, 5], [0, 1], [5, 5], [0, -2])],
    ['1, 2, 1, 1 elements', slice([5, 5], [0], [5, 5])],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));

  it('keeps symbols that it takes whole and names the others', () => {
    const builder = new GraphBuilder();
    const list = (name: string, values: number[]): string => builder.constant(name, new Tensor('int64', values.map(BigInt)));
    const inputs = [builder.input('x', 'float32', ['N', 'L']), list('starts', [0, 1]), list('ends', [2 ** 31 - 1, 4])];
    const [y = ''] = builder.node('Slice', inputs, {});
    builder.output(y);
    expect(foldConstants(builder.build()).values.get(y)?.shape).toEqual(['N', 'slice 1:4:1 (L)']);
  });
});
