import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const list = (data: readonly number[]): InputSpec => ({ shape: [data.length], dtype: 'int64', data, constant: true });
const columns = (x: number[], image: number[], block: number[], attributes: Attributes = {}): OpCase => ({
  name: `[${x}] to [${image}] of [${block}] ${JSON.stringify(attributes)}`,
  op: 'Col2Im',
  inputs: [{ shape: x }, list(image), list(block)],
  attributes,
  tolerance: tolerances.reduction,
});
const cases = [
  columns([1, 5, 5], [5, 5], [1, 5]),
  columns([2, 12, 12], [4, 5], [2, 2]),
  columns([1, 9, 4], [5, 5], [3, 3], { strides: [2, 2] }),
  columns([1, 4, 30], [4, 5], [2, 2], { pads: [1, 0, 1, 2] }),
  columns([1, 4, 6], [4, 5], [2, 2], { dilations: [1, 3], strides: [1, 1], pads: [0, 0, 0, 0] }),
  columns([1, 10, 12], [3, 4, 5], [1, 1, 5]),
  columns([2, 6, 31], [33], [3]),
  columns([0, 4, 1], [2, 2], [2, 2]),
];

describe('col2im', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases[2] as OpCase, '&& all(q * params.strides.xyz == distance)', ''));
  it.each([
    [[1, 4, 5], [3, 3], [2, 2], {}, 'the number of columns must be 4'],
    [[1, 5, 4], [3, 3], [2, 2], {}, 'whole blocks'],
    [[1, 4], [3, 3], [2, 2], {}, '3 dimensions'],
    [[1, 4, 4], [3, 3], [2, 0], {}, 'blocks of shape'],
    [[1, 4, 4], [3, 3], [2], {}, 'elements'],
    [[1, 4, 4], [3, 3], [2, 2], { pads: [1, 1] }, 'pads'],
  ] as [number[], number[], number[], Attributes, string][])(
    'refuses [%s], [%s], [%s], %o',
    (x, image, block, given, message) => {
      expect(() => caseGraph(columns(x, image, block, given))).toThrow(message);
    },
  );
});
