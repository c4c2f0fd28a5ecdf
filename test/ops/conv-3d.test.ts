import { describe, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

interface Row {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly given?: Attributes & { readonly group?: number };
}

const convolutions: readonly Row[] = [
  { x: [1, 1, 1, 1, 1], w: [1, 1, 1, 1, 1] },
  { x: [2, 3, 4, 5, 6], w: [4, 3, 2, 3, 1] },
  { x: [1, 2, 5, 5, 5], w: [3, 2, 3, 3, 3], given: { pads: [1, 0, 2, 0, 1, 1], strides: [2, 1, 3] } },
  { x: [1, 2, 7, 6, 5], w: [2, 2, 2, 2, 2], given: { dilations: [3, 2, 1], pads: [1, 1, 1, 1, 1, 1] } },
  { x: [2, 4, 3, 3, 3], w: [6, 2, 2, 2, 2], given: { group: 2 } },
  { x: [1, 3, 3, 4, 5], w: [3, 1, 3, 3, 3], given: { group: 3, auto_pad: 'SAME_UPPER', strides: [2, 2, 2] } },
  { x: [1, 2, 4, 4, 3], w: [1, 2, 2, 3, 2], given: { auto_pad: 'SAME_LOWER' } },
  { x: [0, 2, 3, 3, 3], w: [1, 2, 2, 2, 2] },
];
const transposed: readonly Row[] = [
  { x: [1, 1, 1, 1, 1], w: [1, 1, 1, 1, 1] },
  { x: [2, 3, 3, 4, 5], w: [3, 2, 2, 3, 1] },
  { x: [1, 2, 3, 3, 3], w: [2, 3, 3, 3, 3], given: { pads: [1, 0, 2, 0, 1, 1], strides: [2, 1, 3] } },
  { x: [1, 2, 3, 2, 4], w: [2, 2, 2, 2, 2], given: { dilations: [3, 2, 1], strides: [1, 2, 2], output_padding: [0, 1, 1] } },
  { x: [2, 4, 2, 3, 2], w: [4, 3, 2, 2, 2], given: { group: 2 } },
  { x: [1, 2, 2, 2, 2], w: [2, 1, 3, 3, 3], given: { strides: [2, 2, 2], output_shape: [4, 5, 5] } },
  { x: [1, 2, 2, 2, 2], w: [2, 1, 3, 3, 3], given: { strides: [2, 2, 2], auto_pad: 'SAME_UPPER' } },
];

const casesOf = (op: 'Conv' | 'ConvTranspose', rows: readonly Row[]): OpCase[] =>
  rows.flatMap(({ x, w, given = {} }) =>
    [false, true].map((channelsLast) => {
      const outputs = op === 'Conv' ? (w[0] as number) : (w[1] as number) * (given.group ?? 1);
      const bias = outputs % 3 > 0;
      return {
        name: `${op} [${x}] [${w}] ${JSON.stringify(given)}${channelsLast ? ', channels last' : ''}${bias ? ', bias' : ''}`,
        op,
        inputs: [
          { shape: channelsLast ? [x[0] as number, ...x.slice(2), x[1] as number] : x },
          { shape: w, constant: true },
          ...(bias ? [{ shape: [outputs] }] : []),
        ],
        attributes: { ...given, channelsLast },
        tolerance: matmulTolerance(w.reduce((a, b) => a * b, 1) + 1, 2, 2),
      };
    }),
  );

const cases = [...casesOf('Conv', convolutions), ...casesOf('ConvTranspose', transposed)];
const steps: OpCase[] = ['Conv', 'ConvTranspose'].map((op) => ({
  name: `${op} with a residual and a step`,
  op,
  inputs: [{ shape: [1, 2, 3, 3, 3] }, { shape: [2, 2, 1, 1, 1] }, { shape: [2] }, { shape: [1, 2, 3, 3, 3] }],
  attributes: {
    epilogue: [
      { op: 'Add', attributes: {}, operand: 3 },
      { op: 'Relu', attributes: {} },
    ],
  },
  tolerance: matmulTolerance(4, 2, 2),
}));

describe('convolution over three spatial axes', () => {
  it.each([...cases, ...steps])('$name', (opCase) => checkOp(opCase));

  it('rejects wrong kernels', async () => {
    const named = (text: string): OpCase => cases.find(({ name }) => name.startsWith(text)) as OpCase;
    await expectWrongKernelRejected(named('Conv [2,3,4,5,6]'), 'row / extents.y', 'row % extents.y');
    await expectWrongKernelRejected(named('ConvTranspose [1,2,3,3,3]'), 'q * params.strides.xyz != distance', 'q < vec3i(0)');
  });
});
