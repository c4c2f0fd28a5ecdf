import { describe, expect, it } from 'vitest';
import { parseAttributes } from '../../src/ops/attributes.js';
import { cast } from '../../src/ops/cast.js';
import { dtypeOfOnnx, onnxOfDtype } from '../../src/ops/onnx-types.js';
import { tolerances } from '../../src/tensor/compare.js';
import { type DType, dtypes, isFloat } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const castOf = (from: DType, to: DType, data: number[], note = ''): OpCase => ({
  name: `Cast ${from} to ${to} ${note}`,
  op: 'Cast',
  attributes: { to },
  inputs: [{ shape: [data.length], dtype: from, data }],
  tolerance: tolerances.exact,
});

const unsigned = (dtype: DType): boolean => dtype.startsWith('u') || dtype === 'bool';

/** Values of each type that all types can take in by the documented rules, on 32-bit words too. */
const valuesOf = (from: DType, to: DType): number[] => {
  if (from === 'bool') return [0, 1, 1];
  if (from.endsWith('int4')) return unsigned(from) ? [0, 1, 7, 8, 15] : [0, 1, 7, ...(unsigned(to) ? [] : [-1, -8])];
  const positive = [0, 1, 2, 3, 100, 127];
  const wide = /8$/.test(from) ? [] : [128, 255, 256, 300, 32767];
  const negative = unsigned(from) || to === 'uint32' || to === 'uint64' ? [] : [-1, -2, -100, -128];
  return [...positive, ...wide, ...negative, ...(isFloat(from) ? [0.5, 1.75, 2.5, 99.5] : [])];
};

const pairs = dtypes.flatMap((from) => dtypes.map((to) => castOf(from, to, valuesOf(from, to))));

const like: OpCase[] = (['int8', 'float16', 'bool', 'float32'] as const).map((dtype) => ({
  name: `CastLike float32 to ${dtype}`,
  op: 'CastLike',
  inputs: [
    { shape: [5], data: [-1.5, 0, 0.1, 2.9, 300] },
    { shape: [2, 1], dtype, data: [0, 1] },
  ],
  tolerance: tolerances.exact,
}));
const FLOATS = [0.5, -0.5, -1.99, 127.9, -128.9, 1e10, -1e10, 300, -300, 70000, -70000, -0, 1e-40];

const special = [
  ...(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32'] as const).map((to) =>
    castOf(
      'float32',
      to,
      [...FLOATS, 2 ** 31 - 128, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      'at the limits',
    ),
  ),
  castOf('float32', 'int4', [0.5, -1.9, 7.9, 8, -9, 100, -100, 1e10, -1e10, Number.NaN], 'wrapping'),
  castOf('float32', 'uint4', [0.5, -1.9, 15.9, 16, 100, 1e10, -1e10, Number.NaN], 'wrapping'),
  castOf('int32', 'int4', [7, 8, -9, 127], 'wrapping'),
  ...[16400, 4099, 4100].map((n) =>
    castOf(
      'float32',
      'int8',
      Array.from({ length: n }, (_, i) => (i % 301) - 150.5),
      `of ${n}`,
    ),
  ),
  castOf('float32', 'bool', [0, -0, 0.1, Number.NaN, Number.POSITIVE_INFINITY, 1e-30], 'special'),
  castOf('int32', 'int8', [127, 128, -129, 65535, 2 ** 31 - 1, -(2 ** 31)], 'wrapping'),
  castOf('int32', 'uint16', [-1, 65536, 65537, -65537], 'wrapping'),
  castOf('uint32', 'int16', [32768, 65535, 2 ** 32 - 1], 'wrapping'),
  castOf('int32', 'uint32', [-1, -(2 ** 31)], 'wrapping'),
  castOf(
    'float32',
    'float16',
    [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -20,
      65504,
      65519.9,
      65520,
      1e6,
      -1e6,
      2 ** -14,
      2 ** -24,
      2 ** -25,
      3 * 2 ** -26,
      1.5 * 2 ** -24,
      2.5 * 2 ** -24,
      -5.5 * 2 ** -24,
      1e-30,
      0.1,
      -0.1,
      2047.5,
      2049,
      2 ** -14 - 2 ** -26,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ],
    'rounding',
  ),
  { ...castOf('float32', 'int32', []), name: 'Cast 0 elements', inputs: [{ shape: [0, 3] }] },
];

describe('cast', () => {
  it.each(pairs)('$name', (opCase) => checkOp(opCase));
  it.each(special)('$name', (opCase) => checkOp(opCase));
  it.each(like)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(castOf('int32', 'int8', [5, 200]), '(i32(v) << 24u) >> 24u', 'i32(v)'));
  it('numbers every type as ONNX does', () => {
    expect(dtypes.map(onnxOfDtype).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 21, 22]);
    expect(dtypes.map((dtype) => dtypeOfOnnx(onnxOfDtype(dtype)))).toEqual(dtypes);
    expect([0, 8, 14, 16, 999].map(dtypeOfOnnx)).toEqual(new Array(5).fill(undefined));
  });
  it('reads the type from its ONNX number', () => {
    expect(parseAttributes(cast.attributes, new Map([['to', 7]]))).toEqual({ to: 'int64', saturate: true });
    expect(() => parseAttributes(cast.attributes, new Map([['to', 8]]))).toThrow('element type 8, which is not supported');
    expect(() => parseAttributes(cast.attributes, new Map())).toThrow("attribute 'to' is missing");
  });
});
