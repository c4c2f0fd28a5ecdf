import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

interface Row {
  /** Channels first. */
  readonly x: number[];
  /** [inputs, outputs / group, ...kernel] */
  readonly w: number[];
  readonly attributes?: Record<string, unknown>;
}

const table: readonly Row[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 1, 1] },
  { x: [1, 1, 3, 3], w: [1, 2, 3, 3] },
  { x: [2, 3, 4, 5], w: [3, 4, 3, 2], attributes: { strides: [2, 3] } },
  { x: [2, 3, 4, 5], w: [3, 4, 2, 2], attributes: { strides: [2, 2] } },
  { x: [1, 4, 5, 4], w: [4, 3, 4, 4], attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } },
  { x: [1, 2, 4, 3], w: [2, 3, 3, 3], attributes: { strides: [3, 2], pads: [1, 2, 0, 1], output_padding: [2, 1] } },
  { x: [1, 2, 3, 3], w: [2, 2, 2, 3], attributes: { dilations: [2, 3] } },
  { x: [1, 2, 4, 4], w: [2, 3, 3, 3], attributes: { dilations: [2, 2], strides: [3, 2], pads: [1, 0, 2, 1] } },
  { x: [2, 6, 3, 3], w: [6, 2, 3, 3], attributes: { group: 2 } },
  { x: [1, 4, 3, 5], w: [4, 1, 2, 2], attributes: { group: 4, strides: [2, 2] } },
  { x: [1, 2, 3, 3], w: [2, 2, 3, 3], attributes: { strides: [3, 2], output_shape: [10, 8] } },
  { x: [1, 2, 3, 3], w: [2, 2, 3, 3], attributes: { strides: [2, 2], output_shape: [6, 6], auto_pad: 'SAME_UPPER' } },
  { x: [1, 2, 3, 3], w: [2, 2, 3, 3], attributes: { strides: [2, 2], output_shape: [9, 6] } },
  { x: [1, 2, 3, 4], w: [2, 2, 3, 2], attributes: { strides: [2, 2], auto_pad: 'SAME_UPPER' } },
  { x: [1, 2, 3, 4], w: [2, 2, 3, 4], attributes: { strides: [2, 3], auto_pad: 'SAME_LOWER' } },
  { x: [1, 2, 3, 4], w: [2, 2, 1, 1], attributes: { strides: [2, 2], auto_pad: 'SAME_LOWER' } },
  { x: [1, 2, 3, 4], w: [2, 2, 2, 2], attributes: { auto_pad: 'VALID', kernel_shape: [2, 2] } },
  { x: [1, 33, 2, 2], w: [33, 31, 2, 2], attributes: { strides: [2, 2] } },
  { x: [2, 3, 7], w: [3, 5, 4] },
  { x: [1, 2, 5], w: [2, 3, 3], attributes: { strides: [2], pads: [1, 1], output_padding: [1], dilations: [2] } },
  { x: [0, 2, 3, 3], w: [2, 2, 2, 2] },
];

const swap = ([n, c, ...pixels]: number[]): number[] => [n as number, ...pixels, c as number];

const cases: OpCase[] = table.flatMap(({ x, w, attributes = {} }, i) =>
  [false, true].map((channelsLast) => ({
    name: `x [${x}] w [${w}] ${JSON.stringify(attributes)}${channelsLast ? ', channels last' : ''}`,
    op: 'ConvTranspose',
    inputs: [
      { shape: channelsLast ? swap(x) : x },
      { shape: w, constant: i % 2 === 0 },
      ...(i % 3 === 0 ? [] : [{ shape: [(w[1] as number) * ((attributes.group as number) ?? 1)] }]),
    ],
    attributes: { ...attributes, channelsLast } as NonNullable<OpCase['attributes']>,
    tolerance: matmulTolerance((x[1] as number) * w.slice(2).reduce((a, b) => a * b, 1) + 1, 2, 2),
  })),
);

const fused: OpCase = {
  name: 'Mish after it',
  op: 'ConvTranspose',
  inputs: [{ shape: [1, 2, 3, 3] }, { shape: [2, 3, 2, 2] }, { shape: [3] }],
  attributes: { epilogue: [{ op: 'Mish', attributes: {} }] },
  tolerance: tolerances.reduction,
};

describe('conv-transpose', () => {
  it.each([...cases, fused])('$name', (opCase) => checkOp(opCase));

  it('rejects a wrong kernel', async () => {
    const opCase = cases.find(({ name }) => name.includes('output_padding')) as OpCase;
    await expectWrongKernelRejected(opCase, 'h * params.stride_h != from_h', 'false');
    await expectWrongKernelRejected(opCase, 'w >= params.in_w', 'w > params.in_w');
  });

  it.each([
    ['a wrong number of channels', { x: [1, 3, 4, 4], w: [2, 2, 2, 2] }, {}, 'input channels must be 2'],
    ['a group that does not divide', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { group: 2 }, 'group 2 does not divide 3'],
    ['a stride of 0', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { strides: [1, 0] }, 'strides must be'],
    ['negative pads', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { pads: [0, 0, -1, 0] }, 'must not be negative'],
    ['pads beyond the output', { x: [1, 3, 1, 4], w: [3, 2, 2, 2] }, { pads: [2, 0, 1, 0] }, 'take more than'],
    ['too few strides', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { strides: [1] }, 'strides must have 2 elements'],
    ['another kernel_shape', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { kernel_shape: [3, 3] }, 'differs from'],
    ['a rank of 2', { x: [1, 3], w: [3, 2] }, {}, 'at least 3 dimensions'],
    ['a huge output', { x: [1, 3, 4, 4], w: [3, 2, 2, 2] }, { strides: [2 ** 30, 1] }, 'beyond 2^30'],
  ] as [string, { x: number[]; w: number[] }, object, string][])('refuses %s', (_, { x, w }, attributes, message) => {
    const inputs: InputSpec[] = [{ shape: x }, { shape: w }];
    const opCase = { name: '', op: 'ConvTranspose', inputs, attributes: { ...attributes }, tolerance: tolerances.exact };
    expect(() => caseGraph(opCase)).toThrow(message);
  });

  it('has no kernel for four spatial axes', () => {
    const inputs: InputSpec[] = [{ shape: [1, 1, 2, 2, 2, 2] }, { shape: [1, 1, 2, 2, 2, 2] }];
    const { graph } = caseGraph({ name: '', op: 'ConvTranspose', inputs, tolerance: tolerances.exact });
    expect(() => buildPlan(graph, defaultFacts)).toThrow('4 spatial axes');
  });
});
