import { describe, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, integers, scales, zeroPoints } from '../support/quantized.js';

const bytes: readonly DType[] = ['int8', 'uint8'];
const pairs = bytes.flatMap((x) => bytes.map((w) => [x, w] as const));

const shapes: readonly (readonly [readonly number[], readonly number[], Attributes?])[] = [
  [
    [1, 1, 1, 1],
    [1, 1, 1, 1],
  ],
  [
    [2, 3, 5, 4],
    [5, 3, 1, 1],
  ],
  [[1, 3, 7, 6], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  [[1, 3, 7, 6], [4, 3, 3, 2], { pads: [2, 1, 0, 1], strides: [2, 1] }],
  [[1, 5, 6, 6], [5, 1, 3, 3], { group: 5, pads: [1, 1, 1, 1] }],
  [[1, 4, 6, 6], [8, 1, 3, 3], { group: 4 }],
  [[1, 6, 5, 5], [4, 3, 3, 3], { group: 2, dilations: [2, 1] }],
  [[2, 3, 9], [4, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2] }],
  [[1, 3, 6, 5], [2, 3, 3, 3], { auto_pad: 'SAME_LOWER' }],
  [
    [0, 3, 4, 4],
    [2, 3, 3, 3],
  ],
];

const integer = (
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes = {},
  zeros: OpCase['inputs'] = [],
  [tx, tw]: readonly DType[] = ['uint8', 'int8'],
): OpCase => ({
  name: `ConvInteger ${tx} [${x}] * ${tw} [${w}] ${JSON.stringify(attributes)}, zero points ${zeros.map((z) => z?.shape.join() ?? '')}`,
  op: 'ConvInteger',
  inputs: [integers(tx!, x), integers(tw!, w), ...zeros],
  attributes,
  tolerance: tolerances.exact,
});

const integerCases: OpCase[] = [
  ...shapes.map(([x, w, attributes]) => integer(x, w, attributes)),
  ...pairs.map(([x, w]) =>
    integer([1, 3, 5, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }, [zeroPoints(x, 1), zeroPoints(w, 1)], [x, w]),
  ),
  integer([1, 3, 5, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }, [undefined, zeroPoints('int8', 4)]),
  integer([1, 3, 5, 5], [4, 3, 3, 3], {}, [
    { shape: [1], dtype: 'uint8', data: [9] },
    { shape: [4], dtype: 'int8', data: [1, 2, -3, 4] },
  ]),
];

const linear = (
  x: readonly number[],
  w: readonly number[],
  attributes: Attributes = {},
  channels = 1,
  bias = false,
  [tx, tw, ty]: readonly DType[] = ['uint8', 'int8', 'uint8'],
): OpCase => ({
  name: `QLinearConv ${tx} [${x}] * ${tw} [${w}] to ${ty} ${JSON.stringify(attributes)}, ${channels} scales${bias ? ', bias' : ''}`,
  op: 'QLinearConv',
  inputs: [
    integers(tx!, x),
    scales(1),
    zeroPoints(tx!, 1),
    integers(tw!, w, true),
    scales(channels, 0.006),
    zeroPoints(tw!, channels),
    fixed('float32', 0.03),
    zeroPoints(ty!, 1),
    ...(bias ? [{ shape: w.slice(0, 1), dtype: 'int32' as const, range: [-9999, 9999] as const, constant: true }] : []),
  ],
  attributes,
  tolerance: tolerances.exact,
});

const linearCases: OpCase[] = [
  ...shapes.flatMap(([x, w, attributes]) => [linear(x, w, attributes), linear(x, w, attributes, w[0], true)]),
  ...pairs.flatMap(([x, w]) => bytes.map((y) => linear([1, 3, 5, 5], [4, 3, 3, 3], { pads: [1, 1, 1, 1] }, 4, true, [x, w, y]))),
];

describe('conv-integer', () => {
  it.each(integerCases)('$name', (opCase) => checkOp(opCase));
  it.each(linearCases)('$name', (opCase) => checkOp(opCase));

  it('rejects a wrong kernel', async () => {
    await expectWrongKernelRejected(integerCases[4] as OpCase, 'q * params.dilation_w - params.pad_w', 'q * params.dilation_w');
    await expectWrongKernelRejected(linearCases[5] as OpCase, 'params.multiplier_stride', '0');
    await expectWrongKernelRejected(linearCases[5] as OpCase, ' - zero_x', '');
  });

  it('refuses what does not fit', () => {
    const [x, w] = [integers('uint8', [1, 3, 5, 5]), integers('int8', [4, 3, 3, 3])];
    expectRefused('ConvInteger', [x, integers('int8', [4, 2, 3, 3])], 'must be 2, got 3');
    expectRefused('ConvInteger', [x, w], 'strides must be positive integers', { strides: [0, 1] });
    expectRefused('ConvInteger', [x, w, zeroPoints('uint8', 3)], 'the zero point of the input must be one number');
    expectRefused('ConvInteger', [x, w, undefined, zeroPoints('int8', 3)], 'the zero point of the weight must be 4, got 3');
    const start = [x, scales(1), zeroPoints('uint8', 1), w];
    const end = [scales(1), zeroPoints('uint8', 1)];
    expectRefused(
      'QLinearConv',
      [...start, scales(3), zeroPoints('int8', 1), ...end],
      'the scale of the weight must be 4, got 3',
    );
    expectRefused(
      'QLinearConv',
      [...start, scales(1), zeroPoints('int8', 1), ...end, { shape: [4] }],
      'the bias must be int32, got float32',
    );
    expectRefused(
      'QLinearConv',
      [...start, scales(1), zeroPoints('int8', 1), ...end, { shape: [3], dtype: 'int32' }],
      'the length of the bias must be 4, got 3',
    );
  });
});
