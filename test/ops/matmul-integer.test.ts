import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, integers, scales, zeroPoints } from '../support/quantized.js';

const bytes: readonly DType[] = ['int8', 'uint8'];
const pairs = bytes.flatMap((a) => bytes.map((b) => [a, b] as const));

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [3, 5],
    [5, 4],
  ],
  [
    [31, 33],
    [33, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 5],
  ],
  [[4], [4, 3]],
  [[3, 4], [4]],
  [[4], [4]],
  [
    [0, 4],
    [4, 3],
  ],
  [
    [2, 0],
    [0, 3],
  ],
];

const integer = (name: string, inputs: OpCase['inputs']): OpCase => ({
  name: `MatMulInteger ${name}`,
  op: 'MatMulInteger',
  inputs,
  tolerance: tolerances.exact,
});

const integerCases: OpCase[] = [
  ...shapes.map(([a, b]) => integer(`[${a}] [${b}]`, [integers('uint8', a), integers('int8', b)])),
  ...pairs.map(([a, b]) =>
    integer(`${a} ${b} with zero points`, [integers(a, [3, 9]), integers(b, [9, 4]), zeroPoints(a, 1), zeroPoints(b, 1)]),
  ),
  integer('zero points by row and column', [
    integers('uint8', [2, 3, 9]),
    integers('int8', [9, 4]),
    zeroPoints('uint8', 3),
    zeroPoints('int8', 4),
  ]),
  integer('only B has a zero point', [
    integers('uint8', [3, 9]),
    integers('int8', [9, 4], true),
    undefined,
    zeroPoints('int8', 4),
  ]),
  integer('zero points fed', [
    integers('uint8', [3, 9]),
    integers('int8', [9, 4]),
    { shape: [], dtype: 'uint8', data: [7] },
    { shape: [1, 4], dtype: 'int8', data: [1, -2, 3, -4] },
  ]),
];

const linear = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  [ta, tb, ty]: readonly DType[] = ['uint8', 'int8', 'uint8'],
  rows = 1,
  columns = 1,
): OpCase => ({
  name: `QLinearMatMul ${name} [${a}] [${b}]`,
  op: 'QLinearMatMul',
  inputs: [
    integers(ta!, a),
    scales(rows),
    zeroPoints(ta!, rows),
    integers(tb!, b, true),
    scales(columns, 0.006),
    zeroPoints(tb!, columns),
    fixed('float32', 0.05),
    zeroPoints(ty!, 1),
  ],
  tolerance: tolerances.exact,
});

const linearCases: OpCase[] = [
  ...shapes.map(([a, b]) => linear('', a, b)),
  ...pairs.flatMap(([a, b]) => bytes.map((y) => linear(`${a} ${b} ${y}`, [3, 9], [9, 4], [a, b, y]))),
  linear('scales by column', [5, 9], [9, 4], undefined, 1, 4),
  linear('scales by row', [2, 5, 9], [9, 4], undefined, 5),
  linear('scales by row and column', [2, 5, 9], [9, 4], undefined, 5, 4),
];

/** As passes write it. */
const biased: OpCase = {
  ...linear('and a bias', [2, 5, 9], [9, 4], undefined, 1, 4),
  inputs: [...linear('', [2, 5, 9], [9, 4], undefined, 1, 4).inputs, fixed('int32', 900, -4000, 77, 0)],
  attributes: { hasBias: true },
};

describe('matmul-integer', () => {
  it.each(integerCases)('$name', (opCase) => checkOp(opCase));
  it.each([...linearCases, biased])('$name', (opCase) => checkOp(opCase));

  it('rejects a wrong kernel', async () => {
    await expectWrongKernelRejected(integerCases[2] as OpCase, 'k < params.k', 'k + 1 < params.k');
    await expectWrongKernelRejected(linearCases[2] as OpCase, 'round(', 'floor(');
    await expectWrongKernelRejected(linearCases.at(-1) as OpCase, 'params.multiplier_column', '0');
    await expectWrongKernelRejected(biased, 'params.bias_column', '0');
  });

  it('refuses what does not fit', () => {
    const [a, b] = [integers('uint8', [3, 9]), integers('int8', [9, 4])];
    expectRefused('MatMulInteger', [a, { shape: [9, 4] }], 'B must be int8 or uint8, got float32');
    expectRefused('MatMulInteger', [a, integers('int8', [8, 4])], 'must be 9, got 8');
    expectRefused('MatMulInteger', [a, b, fixed('int8', 1)], 'the zero point of A must be uint8, got int8');
    expectRefused(
      'MatMulInteger',
      [a, b, zeroPoints('uint8', 2)],
      'the number of elements of the zero point of A must be 3, got 2',
    );
    const rest = [b, scales(1), zeroPoints('int8', 1), scales(1), zeroPoints('uint8', 1)];
    expectRefused(
      'QLinearMatMul',
      [a, fixed('float32', 0), zeroPoints('uint8', 1), ...rest],
      'the scale of A must be finite and positive',
    );
    const nine = [a, scales(1), zeroPoints('uint8', 1), ...rest, fixed('int32', 1)];
    expectRefused('QLinearMatMul', nine, 'there must be 8 inputs');
    expectRefused('QLinearMatMul', [a, scales(1), zeroPoints('int8', 1), ...rest], 'the zero point of A must be uint8, got int8');
  });
});
