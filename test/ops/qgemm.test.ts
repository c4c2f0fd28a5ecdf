import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, integers, scales, zeroPoints } from '../support/quantized.js';

interface Options {
  readonly a?: DType;
  readonly b?: DType;
  readonly columns?: number;
  readonly bias?: readonly number[];
  readonly output?: 'scaled' | 'float';
  readonly attributes?: { readonly alpha?: number; readonly transA?: boolean; readonly transB?: boolean };
}

const gemmCase = (
  m: number,
  k: number,
  n: number,
  { a = 'uint8', b = 'int8', columns = 1, bias, output = 'scaled', attributes = {} }: Options = {},
): OpCase => {
  const c: InputSpec | undefined = bias && { shape: bias, dtype: 'int32', range: [-5000, 5000], constant: true };
  const y = output === 'scaled' ? [fixed('float32', 0.05), zeroPoints(a, 1)] : [];
  return {
    name: `QGemm ${m} x ${k} x ${n}, ${a}, ${b}, ${columns} scales, bias [${bias}], ${output}, ${JSON.stringify(attributes)}`,
    op: 'com.microsoft.QGemm',
    inputs: [
      integers(a, attributes.transA ? [k, m] : [m, k]),
      scales(1),
      zeroPoints(a, 1),
      integers(b, attributes.transB ? [n, k] : [k, n], true),
      scales(columns, 0.006),
      zeroPoints(b, columns),
      ...(c || output === 'scaled' ? [c] : []),
      ...y,
    ],
    attributes,
    tolerance: tolerances.exact,
  };
};

const cases: OpCase[] = [
  ...[
    [1, 1, 1],
    [3, 5, 4],
    [5, 33, 31],
    [0, 4, 3],
  ].map(([m, k, n]) => gemmCase(m!, k!, n!)),
  ...(['int8', 'uint8'] as const).flatMap((a) => (['int8', 'uint8'] as const).map((b) => gemmCase(3, 9, 5, { a, b }))),
  gemmCase(3, 9, 5, { columns: 5 }),
  gemmCase(3, 9, 5, { columns: 5, attributes: { transB: true } }),
  gemmCase(3, 9, 5, { columns: 5, output: 'float' }),
  gemmCase(3, 9, 5, { bias: [5], output: 'float' }),
  ...[[5], [1, 5], [3, 5], [3, 1], [1], []].map((bias) => gemmCase(3, 9, 5, { bias })),
  gemmCase(3, 9, 5, { attributes: { alpha: 0.3, transA: true } }),
  gemmCase(3, 9, 5, { attributes: { alpha: 2.5, transA: true, transB: true }, bias: [5] }),
];

describe('qgemm', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[2] as OpCase, 'round(', 'floor('));

  it('refuses what does not fit', () => {
    const start = [integers('uint8', [3, 9]), scales(1), zeroPoints('uint8', 1), integers('int8', [9, 4])];
    const b = [scales(1), zeroPoints('int8', 1)];
    expectRefused(
      'com.microsoft.QGemm',
      [...start, scales(3), zeroPoints('int8', 1)],
      'elements of the scale of B must be 4, got 3',
    );
    expectRefused('com.microsoft.QGemm', [...start, ...b, { shape: [4] }], 'C must be int32, got float32');
    expectRefused(
      'com.microsoft.QGemm',
      [...start, ...b, undefined, undefined, fixed('uint8', 1)],
      'a zero point of Y needs a scale',
    );
    expectRefused('com.microsoft.QGemm', [...start, ...b, { shape: [3], dtype: 'int32' }], 'does not broadcast');
  });
});
