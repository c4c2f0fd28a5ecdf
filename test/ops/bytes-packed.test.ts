import { describe, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import type { DeviceFacts } from '../../src/kernels/facts.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';
import { fixed, integers, scales, zeroPoints } from '../support/quantized.js';

const bytes: readonly DType[] = ['int8', 'uint8'];
const pairs = bytes.flatMap((x) => bytes.map((w) => [x, w] as const));
const packed = (spec: InputSpec): InputSpec => ({ ...spec, packed: true });

/** The families of kernels: named by what makes a device choose them. */
const adapters: readonly (readonly [string, Partial<DeviceFacts>])[] = [
  ['as it is', {}],
  ['a GPU', { kind: 'gpu', languageFeatures: ['packed_4x8_integer_dot_product'] }],
  ['a GPU without dot products', { kind: 'gpu', languageFeatures: [] }],
];

interface Shape {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Attributes;
}
const shape = (x: readonly number[], w: readonly number[], attributes: Attributes = {}): Shape => ({ x, w, attributes });

/** x is [N, H, W, C] and w [O, I / group, kernel_h, kernel_w]. */
const dense: readonly Shape[] = [
  shape([1, 1, 1, 1], [1, 1, 1, 1]),
  shape([2, 5, 4, 3], [5, 3, 1, 1]),
  shape([1, 4, 5, 16], [33, 16, 1, 1]),
  shape([1, 3, 3, 31], [17, 31, 1, 1], { strides: [2, 2] }),
  shape([1, 7, 6, 3], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }),
  shape([2, 7, 6, 5], [18, 5, 3, 2], { pads: [2, 1, 0, 1], strides: [2, 1] }),
  shape([2, 5, 14, 16], [18, 16, 3, 3], { pads: [1, 1, 1, 1] }),
  shape([1, 4, 29, 5], [33, 5, 3, 3], { pads: [2, 0, 0, 2] }),
  shape([1, 3, 12, 350], [3, 350, 3, 3]),
  shape([1, 9, 9, 8], [16, 8, 3, 3], { dilations: [2, 3], pads: [2, 3, 1, 0] }),
  shape([1, 6, 5, 3], [2, 3, 3, 3], { auto_pad: 'SAME_LOWER' }),
  shape([1, 3, 3, 1100], [3, 1100, 1, 1]),
  shape([1, 4, 4, 16], [32, 8, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  shape([1, 3, 3, 128], [128, 64, 1, 1], { group: 2 }),
  shape([0, 4, 4, 3], [2, 3, 3, 3]),
];

/** The columns of the window make up the words. */
const oneInput: readonly Shape[] = [
  shape([2, 9, 8, 1], [18, 1, 5, 5], { pads: [2, 2, 2, 2] }),
  shape([1, 7, 11, 1], [5, 1, 3, 4], { pads: [1, 1, 0, 2], strides: [2, 2] }),
  shape([1, 3, 9, 1], [3, 1, 2, 3], { pads: [1, 3, 0, 2], dilations: [1, 3] }),
  shape([1, 1, 13, 1], [4, 1, 1, 9]),
  shape([1, 4, 3, 1], [2, 1, 3, 1]),
];

const depthwise: readonly Shape[] = [
  shape([1, 6, 6, 5], [5, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] }),
  shape([2, 7, 9, 32], [32, 1, 3, 3], { group: 32, pads: [1, 1, 1, 1] }),
  shape([1, 33, 9, 4], [4, 1, 3, 3], { group: 4, pads: [1, 0, 1, 1], strides: [2, 2] }),
  shape([1, 8, 7, 9], [9, 1, 5, 4], { group: 9, pads: [2, 1, 2, 2], strides: [2, 1] }),
  shape([1, 9, 9, 3], [3, 1, 3, 3], { group: 3, dilations: [2, 2] }),
];

const linear = (
  { x, w, attributes }: Shape,
  channels = 1,
  bias = false,
  types: readonly DType[] = ['uint8', 'int8', 'uint8'],
): OpCase => {
  const [tx, tw, ty] = types as readonly [DType, DType, DType];
  return {
    name: `QLinearConv ${tx} [${x}] * ${tw} [${w}] to ${ty} ${JSON.stringify(attributes)}, ${channels} scales${bias ? ', bias' : ''}`,
    op: 'QLinearConv',
    inputs: [
      packed(integers(tx, x)),
      scales(1),
      zeroPoints(tx, 1),
      integers(tw, w, true),
      scales(channels, 0.006),
      zeroPoints(tw, channels),
      fixed('float32', 0.03 * Math.sqrt(w.slice(1).reduce((a, b) => a * b, 1))),
      zeroPoints(ty, 1),
      ...(bias ? [{ shape: w.slice(0, 1), dtype: 'int32' as const, range: [-9999, 9999] as const, constant: true }] : []),
    ],
    attributes: { ...attributes, channelsLast: true },
    packs: true,
    tolerance: tolerances.exact,
  };
};

const integer = (
  { x, w, attributes }: Shape,
  zeros: OpCase['inputs'],
  [tx, tw]: readonly DType[] = ['uint8', 'int8'],
): OpCase => ({
  name: `ConvInteger ${tx} [${x}] * ${tw} [${w}] ${JSON.stringify(attributes)}, ${zeros.length} zero points`,
  op: 'ConvInteger',
  inputs: [packed(integers(tx!, x)), integers(tw!, w, true), ...zeros],
  attributes: { ...attributes, channelsLast: true },
  tolerance: tolerances.exact,
});

const some = dense[4] as Shape;
const convolutions: OpCase[] = [
  ...[...dense, ...oneInput, ...depthwise].flatMap((s) => [linear(s), linear(s, s.w[0], true)]),
  ...pairs.flatMap((types) =>
    bytes.flatMap((ty) => [some, oneInput[0]!, depthwise[0]!, depthwise[3]!].map((s) => linear(s, s.w[0], true, [...types, ty]))),
  ),
  {
    ...linear(some, 4, true),
    attributes: { ...some.attributes, channelsLast: true, bounds: [90, 140] },
    name: 'QLinearConv and a Clip',
  },
  ...pairs.map((types) => integer(some, [zeroPoints(types[0], 1), zeroPoints(types[1], 4)], types)),
  ...depthwise.map((s, i) => integer(s, [zeroPoints(pairs[i % 4]![0], 1), zeroPoints(pairs[i % 4]![1], s.w[0]!)], pairs[i % 4])),
  ...[0, 3].map((i) => integer(depthwise[i]!, [{ shape: [], dtype: 'int8', data: [-9] }], ['int8', 'uint8'])),
  integer(depthwise[1]!, []),
  integer(dense[5]!, [{ shape: [], dtype: 'uint8', data: [9] }]),
  integer(dense[8]!, []),
  integer(oneInput[1]!, [{ shape: [], dtype: 'uint8', data: [9] }]),
];

const product = (
  m: readonly number[],
  k: number,
  n: number,
  op: 'QGemm' | 'QLinearMatMul' | 'MatMulInteger',
  more: Attributes = {},
): OpCase[] =>
  pairs.map(([ta, tb], i) => {
    const a = packed(integers(ta, [...m, k]));
    const b = integers(tb, more.transB ? [n, k] : [k, n], true);
    const y = [fixed('float32', 0.02 * Math.sqrt(k)), zeroPoints(ta, 1)];
    const channels = i % 2 ? 1 : n;
    const quantized = [a, scales(1), zeroPoints(ta, 1), b, scales(channels, 0.006), zeroPoints(tb, channels)];
    const c: InputSpec = { shape: [n], dtype: 'int32', range: [-9999, 9999], constant: true };
    const inputs = {
      MatMulInteger: [a, b, zeroPoints(ta, 1), zeroPoints(tb, channels)],
      QLinearMatMul: [...quantized, ...y, ...(more.hasBias ? [c] : [])],
      QGemm: [...quantized, c, ...(more.float ? [] : y)],
    }[op];
    const { float, ...attributes } = more;
    return {
      name: `${op} ${ta} [${m}, ${k}] * ${tb} [${k}, ${n}] ${JSON.stringify(more)}`,
      op: op === 'QGemm' ? 'com.microsoft.QGemm' : op,
      inputs,
      attributes,
      packs: op === 'QLinearMatMul' || (op === 'QGemm' && !float),
      tolerance: float ? tolerances.transcendental : tolerances.exact,
    };
  });

const products: OpCase[] = [
  ...product([1], 4, 1, 'QLinearMatMul'),
  ...product([2, 3], 37, 19, 'QLinearMatMul'),
  ...product([2, 3], 20, 7, 'QLinearMatMul', { hasBias: true }),
  ...product([33], 129, 66, 'MatMulInteger'),
  ...product([1], 300, 33, 'QGemm', { transB: true }),
  ...product([4], 1100, 18, 'QLinearMatMul', { hasBias: true }),
  ...product([3], 65, 5, 'MatMulInteger'),
  ...product([1], 4200, 3, 'QGemm', { float: true }),
  ...product([17], 31, 10, 'QGemm'),
  ...product([5], 64, 10, 'QGemm', { float: true, transB: true }),
];

const elementwise: OpCase[] = bytes.flatMap((type) => {
  const x = packed(integers(type, [2, 3, 5, 7]));
  const q = [scales(1, 0.02), zeroPoints(type, 1)];
  const table: InputSpec = {
    shape: [256],
    dtype: type,
    data: Array.from({ length: 256 }, (_, i) => ((i * 37) % 256) - (type === 'int8' ? 128 : 0)),
    constant: true,
  };
  const common = { packs: true, tolerance: tolerances.exact };
  const named = (op: string, inputs: OpCase['inputs'], attributes: Attributes = {}): OpCase => ({
    name: `${op} of packed ${type} ${JSON.stringify(attributes)}`,
    op,
    inputs,
    attributes,
    ...common,
  });
  const float: InputSpec = { shape: [2, 6, 5, 3] };
  const pool = { kernel_shape: [3, 2], strides: [2, 1], channelsLast: true };
  return [
    named('com.microsoft.QLinearAdd', [x, ...q, x, ...q, fixed('float32', 0.03), zeroPoints(type, 1)]),
    named('com.microsoft.QLinearAdd', [x, ...q, x, ...q, fixed('float32', 0.03), zeroPoints(type, 1)], { bounds: [3, 60] }),
    named('com.microsoft.QLinearMul', [x, ...q, x, ...q, fixed('float32', 0.3), zeroPoints(type, 1)]),
    named('com.microsoft.QLinearSigmoid', [x, ...q, fixed('float32', 1 / 256), fixed(type, 0)]),
    named('com.microsoft.QLinearLeakyRelu', [x, ...q, ...q], { alpha: 0.3 }),
    named('tilewise.Lookup', [x, table]),
    named('com.microsoft.QLinearConcat', [...q, x, ...q, packed(integers(type, [2, 3, 4, 7])), ...q], { axis: 2 }),
    named(
      'com.microsoft.QLinearConcat',
      [...q, packed(integers(type, [2, 3, 8])), ...q, packed(integers(type, [2, 3, 4])), ...q],
      { axis: -1 },
    ),
    named('com.microsoft.QLinearGlobalAveragePool', [x, ...q, ...q], { channels_last: true }),
    named('com.microsoft.QLinearAveragePool', [x, ...q, ...q], { kernel_shape: [2, 3], channels_last: true }),
    named('com.microsoft.QLinearAveragePool', [x, ...q, ...q], { kernel_shape: [2, 3], pads: [1, 2, 1, 1], channels_last: true }),
    named('com.microsoft.QLinearAveragePool', [x, ...q, ...q], {
      kernel_shape: [2, 3],
      pads: [1, 2, 1, 1],
      ceil_mode: true,
      strides: [2, 2],
      count_include_pad: true,
      channels_last: true,
    }),
    {
      ...named('com.microsoft.QLinearAveragePool', [integers(type, [2, 3, 6, 5]), ...q, ...q], {
        kernel_shape: [2, 3],
        pads: [1, 2, 1, 1],
      }),
      packs: false,
    },
    {
      ...named('com.microsoft.QLinearAveragePool', [integers(type, [2, 3, 7]), ...q, ...q], { kernel_shape: [3], strides: [2] }),
      packs: false,
    },
    {
      ...named('com.microsoft.QLinearAveragePool', [integers(type, [2, 6, 5, 3]), ...q, ...q], {
        kernel_shape: [2, 3],
        channels_last: true,
      }),
      packs: false,
    },
    named('tilewise.MaxPool', [x], pool),
    named('tilewise.MaxPool', [x], { ...pool, pads: [1, 1, 2, 0], dilations: [1, 2] }),
    named('QuantizeLinear', [float, scales(1, 0.02), zeroPoints(type, 1)]),
    named('QuantizeLinear', [float, fixed('float32', 0.01)], { output_dtype: type }),
    named('QuantizeLinear', [float, scales(1, 0.02), zeroPoints(type, 1)], { readsChannelsFirst: true }),
    { ...named('DequantizeLinear', [x, ...q]), packs: false },
    { ...named('DequantizeLinear', [x, scales(7), zeroPoints(type, 7)], { axis: 3 }), packs: false },
    { ...named('DequantizeLinear', [x, scales(7), zeroPoints(type, 7)], { axis: 3, writesChannelsFirst: true }), packs: false },
    named('tilewise.Repack', [integers(type, [2, 3, 5])]),
    { ...named('tilewise.Repack', [x]), packs: false },
  ];
});
const dynamic: OpCase = {
  name: 'DynamicQuantizeLinear to packed',
  op: 'DynamicQuantizeLinear',
  inputs: [{ shape: [3, 5, 6] }],
  outputs: 3,
  tolerance: tolerances.exact,
};

describe.each(adapters)('packed bytes on %s', (_, facts) => {
  it.each([...convolutions, ...products])('$name', (opCase) => checkOp({ ...opCase, facts }));
});

describe('packed bytes', () => {
  it.each([...elementwise, dynamic])('$name', (opCase) => checkOp(opCase));

  it('rejects wrong kernels', async () => {
    const [cpu, gpu] = [adapters[0]![1], adapters[1]![1]];
    const conv = (facts: Partial<DeviceFacts>): OpCase => ({ ...linear(some, 4, true, ['uint8', 'uint8', 'uint8']), facts });
    await expectWrongKernelRejected(conv(cpu), 'x_sum * rest.w_zero', 'vec4i()');
    await expectWrongKernelRejected(conv(cpu), 'h < params.in_h && w < params.in_w', 'w < params.in_w');
    await expectWrongKernelRejected(conv(gpu), 'x_zero() * terms', '0 * terms');
    const columns = (facts: Partial<DeviceFacts>): OpCase => ({ ...linear(oneInput[0]!), facts });
    for (const facts of [cpu, gpu]) await expectWrongKernelRejected(columns(facts), 'w + 2u * d', 'w + d');
    const [row] = product([2], 300, 18, 'QGemm') as [OpCase];
    for (const facts of [cpu, gpu]) await expectWrongKernelRejected({ ...row, facts }, 'row * params.x_words', '0u');
    await expectWrongKernelRejected({ ...row, facts: gpu }, 'partials[lane + 4u * width]', 'partials[lane]');
    await expectWrongKernelRejected(linear(depthwise[0]!), ' - x_zero() * X_SCALE', '');
    const sums = integer(depthwise[0]!, [{ shape: [], dtype: 'uint8', data: [9] }]);
    await expectWrongKernelRejected(sums, 'bitcast<i32>(zero_point[0])', '0');
    await expectWrongKernelRejected(sums, 'y[at + i] = v[i]', 'y[at + i] = v[0]');
    await expectWrongKernelRejected(linear(depthwise[3]!), 'q * params.dilation_w - params.pad_w', 'q * params.dilation_w');
    await expectWrongKernelRejected(elementwise[8] as OpCase, 'factors[taps]', 'factors[1]');
  });
});
