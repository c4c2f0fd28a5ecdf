import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Attributes } from '../../src/graph/graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const windows: [string, Attributes][] = [
  ['2x2', { kernel_shape: [2, 2] }],
  ['3x3, stride 2', { kernel_shape: [3, 3], strides: [2, 2] }],
  ['3x3, stride 2, pads', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['3x2, uneven pads', { kernel_shape: [3, 2], strides: [1, 3], pads: [2, 0, 1, 1] }],
  ['dilated', { kernel_shape: [2, 3], dilations: [3, 2], pads: [1, 2, 0, 1] }],
  ['ceil_mode', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: true }],
  ['ceil_mode, last window cut off', { kernel_shape: [2, 2], strides: [3, 3], pads: [0, 0, 1, 1], ceil_mode: true }],
  ['ceil_mode, pads', { kernel_shape: [3, 3], strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: true }],
  ['SAME_UPPER', { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' }],
  ['SAME_LOWER', { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'SAME_LOWER' }],
  ['VALID', { kernel_shape: [3, 2], strides: [2, 1], auto_pad: 'VALID' }],
  ['whole input', { kernel_shape: [6, 7] }],
  ['dilated, inside', { kernel_shape: [2, 3], dilations: [3, 2], strides: [2, 1] }],
  ['1x4, stride 3', { kernel_shape: [1, 4], strides: [2, 3] }],
];
const layouts = [
  { shape: [2, 3, 6, 7], channelsLast: false },
  { shape: [2, 6, 7, 3], channelsLast: true },
  { shape: [1, 6, 7, 8], channelsLast: true },
];

const cases: OpCase[] = windows.flatMap(([what, attributes]) =>
  layouts.flatMap(({ shape, channelsLast }) =>
    [
      { op: 'MaxPool', own: {}, tolerance: tolerances.exact },
      { op: 'AveragePool', own: { count_include_pad: false }, tolerance: tolerances.reduction },
      { op: 'AveragePool', own: { count_include_pad: true }, tolerance: tolerances.reduction },
    ].map(({ op, own, tolerance }) => ({
      name: `${op} ${JSON.stringify(own)} ${what} [${shape}]${channelsLast ? ' channels last' : ''}`,
      op,
      inputs: [{ shape }],
      attributes: { ...attributes, ...own, channelsLast },
      tolerance,
    })),
  ),
);

const special: OpCase[] = [
  {
    name: 'one spatial axis',
    op: 'MaxPool',
    inputs: [{ shape: [2, 3, 33] }],
    attributes: { kernel_shape: [4], strides: [3], pads: [2, 1] },
    tolerance: tolerances.exact,
  },
  {
    name: 'one spatial axis, channels last',
    op: 'AveragePool',
    inputs: [{ shape: [2, 33, 4] }],
    attributes: { kernel_shape: [4], strides: [3], pads: [2, 1], channelsLast: true },
    tolerance: tolerances.reduction,
  },
  {
    name: 'no batch',
    op: 'MaxPool',
    inputs: [{ shape: [0, 3, 5, 5] }],
    attributes: { kernel_shape: [2, 2] },
    tolerance: tolerances.exact,
  },
  ...(['int8', 'uint8'] as const).map((dtype) => ({
    name: `MaxPool ${dtype}`,
    op: 'MaxPool',
    inputs: [{ shape: [1, 4, 5, 4], dtype, range: dtype === 'int8' ? ([-128, 127] as const) : ([0, 255] as const) }],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1], channelsLast: true },
    tolerance: tolerances.exact,
  })),
  {
    name: 'NaN and infinities in MaxPool',
    op: 'MaxPool',
    inputs: [
      {
        shape: [1, 1, 3, 4],
        data: [1, Number.NaN, 2, 3, 4, 5, 6, 7, Number.NEGATIVE_INFINITY, 8, Number.POSITIVE_INFINITY, 9],
      },
    ],
    attributes: { kernel_shape: [1, 2], pads: [0, 1, 0, 1] },
    tolerance: tolerances.exact,
  },
  ...['MaxPool', 'AveragePool'].map((op) => ({
    name: `${op} with an epilogue`,
    op,
    inputs: [{ shape: [1, 5, 5, 4] }],
    attributes: { kernel_shape: [2, 2], channelsLast: true, epilogue: [{ op: 'Mish', attributes: {} }] },
    tolerance: tolerances.transcendental,
  })),
];

const cubes: OpCase[] = (
  [
    ['2x2x2', { kernel_shape: [2, 2, 2] }],
    ['strides and pads', { kernel_shape: [3, 2, 1], strides: [2, 1, 3], pads: [1, 0, 0, 2, 1, 0] }],
    ['dilated', { kernel_shape: [2, 2, 2], dilations: [1, 3, 2] }],
    ['ceil_mode', { kernel_shape: [2, 3, 2], strides: [2, 2, 3], pads: [0, 1, 1, 1, 1, 0], ceil_mode: true }],
    ['SAME_LOWER', { kernel_shape: [2, 3, 2], strides: [2, 1, 2], auto_pad: 'SAME_LOWER' }],
  ] as [string, Attributes][]
).flatMap(([what, attributes]) =>
  [
    { op: 'MaxPool', own: {}, tolerance: tolerances.exact },
    { op: 'AveragePool', own: { count_include_pad: false }, tolerance: tolerances.reduction },
    { op: 'AveragePool', own: { count_include_pad: true }, tolerance: tolerances.reduction },
    { op: 'LpPool', own: { p: 3 }, tolerance: tolerances.reduction },
  ].flatMap(({ op, own, tolerance }) =>
    [false, true].map((channelsLast) => ({
      name: `${op} ${JSON.stringify(own)} over three axes, ${what}${channelsLast ? ', channels last' : ''}`,
      op,
      inputs: [{ shape: channelsLast ? [2, 5, 4, 7, 3] : [2, 3, 5, 4, 7] }],
      attributes: { ...attributes, ...own, channelsLast },
      tolerance,
    })),
  ),
);

const indexed: OpCase[] = (
  [
    [[2, 3, 33], { kernel_shape: [4], strides: [3], pads: [2, 1] }],
    [[2, 3, 6, 7], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 0, 1] }],
    [[2, 3, 6, 7], { kernel_shape: [3, 2], dilations: [2, 3], ceil_mode: true }],
    [[1, 2, 3, 4, 5], { kernel_shape: [2, 2, 2], strides: [1, 2, 1] }],
  ] as [number[], Attributes][]
).flatMap(([shape, attributes]) =>
  (['float32', 'int8', 'uint8'] as const).flatMap((dtype) =>
    [0, 1].map((storage_order) => ({
      name: `MaxPool and indices ${dtype} [${shape}] ${JSON.stringify(attributes)}, storage order ${storage_order}`,
      op: 'MaxPool',
      // Few different values, so that the first of equal ones must be found.
      inputs: [{ shape, dtype, range: [dtype === 'uint8' ? 0 : -3, 3] as const }],
      attributes: { ...attributes, storage_order },
      outputs: 2,
      tolerance: tolerances.exact,
    })),
  ),
);
const indexOfNan: OpCase = {
  name: 'MaxPool and indices of NaN and infinities',
  op: 'MaxPool',
  inputs: [{ shape: [1, 1, 9], data: [-Infinity, -Infinity, 1, Number.NaN, 2, 3, Infinity, Number.NaN, 0] }],
  attributes: { kernel_shape: [2] },
  outputs: 2,
  tolerance: tolerances.exact,
};

const only = (op: string, attributes: Attributes, shape = [1, 1, 4, 4], outputs = 1): OpCase => ({
  name: '',
  op,
  inputs: [{ shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1) }],
  attributes,
  outputs,
  tolerance: tolerances.exact,
});

describe('pool', () => {
  it.each([...cases, ...special, ...cubes, ...indexed, indexOfNan])('$name', (opCase) => checkOp(opCase));

  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(cases[24] as OpCase, 'kw < kw_end', 'kw + 1 < kw_end');
    await expectWrongKernelRejected(cases[6] as OpCase, '0u * params.h_stride + 1u', '0u * params.h_stride + 0u');
    await expectWrongKernelRejected(cases[7] as OpCase, 'v / taps', 'v / 9.0');
    await expectWrongKernelRejected(cubes[10] as OpCase, 'params.counted_from', 'params.pads');
    await expectWrongKernelRejected(indexOfNan, /(v|b) > (best|a)/, '$1 >= $2');
  });

  /** Worked by hand, because the reference resolves pads and ceil_mode with the same code as the kernel's lowering. */
  it.each([
    ['ceil_mode', 'MaxPool', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: true }, [11, 12, 15, 16]],
    ['SAME_UPPER', 'MaxPool', { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }, [11, 12, 15, 16]],
    ['SAME_LOWER', 'MaxPool', { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }, [6, 8, 14, 16]],
    ['padding left out', 'AveragePool', { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1] }, [3.5, 5.5, 11.5, 13.5]],
    [
      'padding counted',
      'AveragePool',
      { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1], count_include_pad: true },
      [14 / 9, 22 / 9, 46 / 9, 54 / 9],
    ],
    [
      'what ceil_mode adds is never counted',
      'AveragePool',
      { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: true, count_include_pad: true },
      [6, 7.5, 12, 13.5],
    ],
  ] as [string, string, Attributes, number[]][])('%s of %s', (_, op, attributes, expected) => {
    const { graph, feeds } = caseGraph(only(op, attributes));
    const y = runGraph(graph, feeds).get(graph.outputs[0] as string);
    expect([...(y?.data ?? [])]).toEqual(expected.map(Math.fround));
  });

  it.each([
    ['no kernel_shape', {}, 'kernel_shape'],
    ['a kernel of another rank', { kernel_shape: [2] }, 'must have 2 elements'],
    ['a stride of 0', { kernel_shape: [2, 2], strides: [0, 1] }, 'strides'],
    ['too few pads', { kernel_shape: [2, 2], pads: [1, 1] }, 'must have 4 elements'],
    ['a kernel larger than the input', { kernel_shape: [5, 5] }, 'does not fit'],
  ] as [string, Attributes, string][])('refuses %s', (_, attributes, message) => {
    expect(() => caseGraph(only('MaxPool', attributes))).toThrow(message);
  });

  it('has no kernel for four spatial axes, or for indices channels last', () => {
    const { graph } = caseGraph(only('MaxPool', { kernel_shape: [1, 1, 1, 1] }, [1, 1, 2, 2, 2, 2]));
    expect(() => buildPlan(graph, defaultFacts)).toThrow('4 spatial axes');
    expect(() => caseGraph(only('MaxPool', { kernel_shape: [2, 2], channelsLast: true }, [1, 4, 4, 1], 2))).toThrow('indices');
  });
});
