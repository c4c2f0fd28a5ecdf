import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const lens = (...data: number[]): InputSpec => ({ shape: [data.length], dtype: 'int64', data });
const cases: OpCase[] = (
  [
    [[4, 3], lens(1, 2, 4), {}],
    [[3, 4], lens(0, 3, 4), { batch_axis: 0, time_axis: 1 }],
    [[2, 5, 3, 7], lens(1, 5, 3), { batch_axis: 2, time_axis: 1 }],
    [[2, 5, 3], lens(4, 2, 5), { batch_axis: -1, time_axis: -2 }],
    [[4, 1], lens(9), {}],
    [[0, 2], lens(0, 0), {}],
  ] as [number[], InputSpec, Attributes][]
).flatMap(([shape, lengths, attributes]) =>
  (['float32', 'int32'] as const).map((dtype) => ({
    name: `${dtype} [${shape}] ${JSON.stringify(attributes)}`,
    op: 'ReverseSequence',
    inputs: [{ shape, dtype }, lengths],
    attributes,
    tolerance: tolerances.exact,
  })),
);

describe('reverse-sequence', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[4] as OpCase, 't < length', 't <= length'));
  it.each([
    [[{ shape: [3] }, lens(1)], {}, 'at least 2 dimensions'],
    [[{ shape: [3, 2] }, lens(1)], {}, 'must be 2'],
    [[{ shape: [3, 2] }, lens(1, 1)], { batch_axis: 0 }, 'both 0'],
    [[{ shape: [3, 2] }, lens(1, 1)], { batch_axis: 2 }, 'out of range'],
    [[{ shape: [3, 2] }, { shape: [2] }], {}, 'int'],
  ] as [InputSpec[], Attributes, string][])('refuses %o %o', (inputs, attributes, message) => {
    expect(() => caseGraph({ name: '', op: 'ReverseSequence', inputs, attributes, tolerance: tolerances.exact })).toThrow(
      message,
    );
  });
});
