import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

/** Different indices into a tensor of `size` elements, in no order. */
const indices = (shape: readonly number[], size: number): InputSpec => ({
  shape,
  dtype: 'int64',
  data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7919) % size),
});

const unpool = (shape: readonly number[], size: number, attributes: Attributes, to?: readonly number[]): OpCase => ({
  name: `[${shape}] ${JSON.stringify(attributes)}${to ? ` to [${to}]` : ''}`,
  op: 'MaxUnpool',
  inputs: [
    { shape },
    indices(shape, size),
    ...(to ? [{ shape: [to.length], dtype: 'int64' as const, data: to, constant: true }] : []),
  ],
  attributes,
  tolerance: tolerances.exact,
});

const cases: OpCase[] = [
  unpool([1, 1, 2, 2], 16, { kernel_shape: [2, 2], strides: [2, 2] }),
  unpool([2, 3, 4], 42, { kernel_shape: [4] }),
  unpool([1, 2, 3, 5], 90, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  unpool([1, 2, 3, 5], 84, { kernel_shape: [2, 3], strides: [2, 1] }, [1, 3, 8, 9]),
  unpool([1, 1, 2, 2, 2], 64, { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),
  unpool([0, 1, 2, 2], 1, { kernel_shape: [2, 2] }, [1, 1, 3, 3]),
  {
    ...unpool([1, 1, 2, 2], 16, { kernel_shape: [2, 2], strides: [2, 2] }),
    name: 'indices outside',
    inputs: [{ shape: [1, 1, 2, 2] }, { shape: [1, 1, 2, 2], dtype: 'int64', data: [-1, 16, 3, 1e9] }],
  },
];

describe('max-unpool', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[3] as OpCase, /y\[(at|p0\.y)\] = /, 'y[$1 / 2u] = '));

  it.each([
    [[{ shape: [1, 1, 2, 2] }, { shape: [1, 1, 2, 3], dtype: 'int64' }], {}, 'indices of shape'],
    [[{ shape: [1, 1, 2, 2] }, { shape: [1, 1, 2, 2] }], {}, 'int'],
    [[{ shape: [1, 1, 2, 2] }, indices([1, 1, 2, 2], 9)], { strides: [0, 1] }, 'strides'],
    [
      [{ shape: [1, 1, 2, 2] }, indices([1, 1, 2, 2], 9), { shape: [4], dtype: 'int64', data: [1, 1, 2, 3], constant: true }],
      {},
      'does not hold',
    ],
  ] as [InputSpec[], Attributes, string][])('refuses %o %o', (inputs, attributes, message) => {
    const opCase = { name: '', op: 'MaxUnpool', inputs, attributes: { kernel_shape: [2, 2], ...attributes } };
    expect(() => caseGraph({ ...opCase, tolerance: tolerances.exact })).toThrow(message);
  });
});
