import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, integers, scales, zeroPoints } from '../support/quantized.js';

const bytes: readonly DType[] = ['int8', 'uint8'];
const binaryOps = ['com.microsoft.QLinearAdd', 'com.microsoft.QLinearMul'];
const unaryOps = ['com.microsoft.QLinearLeakyRelu', 'com.microsoft.QLinearSigmoid'];

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[129], [129]],
  [
    [2, 3, 5],
    [2, 3, 5],
  ],
  [
    [2, 3, 5],
    [3, 1],
  ],
  [
    [2, 1, 5],
    [1, 3, 1],
  ],
  [[], [4]],
  [[0, 3], [3]],
];

const binaryCase = (
  op: string,
  a: readonly number[],
  b: readonly number[],
  dtype: DType,
  zeros: 'zeros' | 'none' = 'zeros',
): OpCase => {
  const zero = zeros === 'zeros' ? zeroPoints(dtype, 1) : undefined;
  const inputs = [integers(dtype, a), scales(1, 0.02), zero, integers(dtype, b), scales(1, 0.03), zero, fixed('float32', 0.04)];
  return {
    name: `${op} [${a}] [${b}] ${dtype} ${zeros}`,
    op,
    inputs: zero ? [...inputs, zero] : inputs,
    tolerance: tolerances.exact,
  };
};

const binaryCases = binaryOps.flatMap((op) => [
  ...bytes.flatMap((dtype) => shapes.map(([a, b]) => binaryCase(op, a, b, dtype))),
  binaryCase(op, [33], [33], 'int8', 'none'),
  binaryCase(op, [33], [33], 'uint8', 'none'),
]);

/** Every value that a byte has. */
const everyByte = (dtype: DType) => ({
  shape: [256],
  dtype,
  data: Array.from({ length: 256 }, (_, i) => (dtype === 'int8' ? i - 128 : i)),
});

const unaryCases: OpCase[] = unaryOps.flatMap((op) =>
  bytes.flatMap((dtype) => {
    const zero = zeroPoints(dtype, 1);
    const attributes = op.endsWith('LeakyRelu') ? { alpha: 0.2 } : {};
    const from = (input: OpCase['inputs'][number], ...rest: OpCase['inputs'][number][]): OpCase => ({
      name: `${op} ${dtype} [${input!.shape}] ${rest.length}`,
      op,
      inputs: [input, scales(1, 0.03), ...rest],
      attributes,
      tolerance: tolerances.exact,
    });
    return [
      from(everyByte(dtype), zero, scales(1, 0.005), zero),
      from(integers(dtype, [2, 0]), zero, scales(1), zero),
      from(everyByte(dtype), undefined, scales(1)),
    ];
  }),
);

const concatCase = (axis: number, inputs: readonly (readonly number[])[], dtype: DType): OpCase => ({
  name: `QLinearConcat axis ${axis} ${dtype} ${inputs.map((shape) => `[${shape}]`).join(' ')}`,
  op: 'com.microsoft.QLinearConcat',
  inputs: [
    fixed('float32', 0.02),
    zeroPoints(dtype, 1),
    ...inputs.flatMap((shape, i) => [integers(dtype, shape), scales(1, 0.01 * (i + 1)), fixed(dtype, 3 * i)]),
  ],
  attributes: { axis },
  tolerance: tolerances.exact,
});

const concatCases = bytes.flatMap((dtype) => [
  concatCase(0, [[5]], dtype),
  concatCase(
    1,
    [
      [2, 3, 4],
      [2, 1, 4],
      [2, 5, 4],
    ],
    dtype,
  ),
  concatCase(
    -1,
    [
      [3, 31],
      [3, 2],
    ],
    dtype,
  ),
  concatCase(
    1,
    [
      [2, 0, 3],
      [2, 2, 3],
    ],
    dtype,
  ),
]);

const poolCase = (shape: readonly number[], dtype: DType, channels_last: boolean, zeros = true): OpCase => ({
  name: `QLinearGlobalAveragePool [${shape}] ${dtype} ${channels_last} ${zeros}`,
  op: 'com.microsoft.QLinearGlobalAveragePool',
  inputs: [
    integers(dtype, shape),
    scales(1, 0.02),
    zeros ? zeroPoints(dtype, 1) : undefined,
    fixed('float32', 0.003),
    ...(zeros ? [zeroPoints(dtype, 1)] : []),
  ],
  attributes: { channels_last },
  tolerance: tolerances.exact,
});

const poolCases = bytes.flatMap((dtype) => [
  ...[true, false].flatMap((last) =>
    [
      [1, 3, 5, 4],
      [2, 33, 7],
      [2, 4, 3, 2, 3],
      [0, 3, 2, 2],
    ].map((shape) => poolCase(shape, dtype, last)),
  ),
  poolCase([1, 3, 5, 4], dtype, false, false),
]);

describe('qlinear-binary', () => {
  it.each(binaryCases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', async () => {
    await expectWrongKernelRejected(binaryCases[0] as OpCase, 'v + w', 'v - w');
    const mul = binaryCase('com.microsoft.QLinearMul', [129], [129], 'int8');
    await expectWrongKernelRejected(mul, 'round(combine(table_a[a[at_a]', 'floor(combine(table_a[a[at_a]');
  });
  it('refuses what does not fit', () => {
    const [op] = binaryOps as [string];
    const a = [integers('int8', [2]), scales(1), fixed('int8', 0)];
    expectRefused(op, [...a, integers('uint8', [2]), scales(1), fixed('uint8', 0), scales(1)], 'inputs must have one type');
    expectRefused(op, [...a, integers('int8', [3]), scales(1), fixed('int8', 0), scales(1)], 'do not broadcast');
    expectRefused(op, [...a, integers('int8', [2]), scales(2), fixed('int8', 0), scales(1)], 'the scale of B must be one number');
    expectRefused(
      op,
      [...a, integers('int8', [2]), scales(1), fixed('int8', 0), fixed('float32', -1)],
      'the scale of C must be finite and positive',
    );
  });
});

describe('qlinear-unary', () => {
  it.each(unaryCases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(unaryCases[0] as OpCase, '& 255u', '& 127u'));
  it('refuses other types', () => {
    for (const op of unaryOps) expectRefused(op, [{ shape: [2] }, scales(1), undefined, scales(1)], 'X must be int8 or uint8');
  });
});

describe('qlinear-concat', () => {
  it.each(concatCases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(concatCases[1] as OpCase, 'params.offset', '0'));
  it('refuses what does not fit', () => {
    const op = 'com.microsoft.QLinearConcat';
    const start = [scales(1), fixed('int8', 0), integers('int8', [2]), scales(1)];
    expectRefused(op, start, 'each input comes with its scale and zero point', { axis: 0 });
    expectRefused(op, [...start, fixed('int8', 0)], 'axis 1 is out of range', { axis: 1 });
  });
});

describe('qlinear-global-average-pool', () => {
  it.each(poolCases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(poolCases[0] as OpCase, ' - params.x_zero', ''));
  it('refuses what is no image', () =>
    expectRefused(
      'com.microsoft.QLinearGlobalAveragePool',
      [integers('int8', [2, 3]), scales(1), undefined, scales(1)],
      'at least 3 dimensions',
      { channels_last: false },
    ));
});
