import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const shapes: [number[], number[]][] = [
  [[1], [1]],
  [[5], [5]],
  [[33], [1]],
  [[32], [1]],
  [[1], [32]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 3, 8],
    [2, 1, 8],
  ],
  [
    [1, 3, 1],
    [2, 1, 5],
  ],
  [
    [2, 1, 3, 1, 2],
    [1, 4, 1, 3, 1],
  ],
  [
    [3, 1, 4],
    [1, 5, 4],
  ],
  [[4, 127], [127]],
  [
    [2, 3, 5, 7],
    [1, 3, 1, 1],
  ],
  [[], [3]],
  [
    [0, 4],
    [1, 4],
  ],
];
const arithmetic = ['Add', 'Sub', 'Mul', 'Div'];
const comparisons = ['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'];
const moved = ['Max', 'Min', ...comparisons];
const logical = ['And', 'Or', 'Xor'];

const pairs: OpCase[] = [
  ...[...arithmetic, ...moved].flatMap((op) =>
    shapes.map(([a, b]) => ({
      name: `${op} [${a}] [${b}]`,
      op,
      inputs: [{ shape: a }, { shape: b, range: [0.5, 3] as const }],
      tolerance: moved.includes(op) ? tolerances.exact : tolerances.arithmetic,
    })),
  ),
  // So many that a CPU adapter takes four vec4s, or elements, an invocation.
  ...[
    [
      [8, 2056],
      [8, 2056],
    ],
    [
      [4, 16, 260],
      [1, 16, 1],
    ],
    [[64, 65], [65]],
    [
      [2, 8, 2, 521],
      [8, 1, 521],
    ],
  ].map(([a, b]) => ({
    name: `Sub [${a}] [${b}]`,
    op: 'Sub',
    inputs: [{ shape: a as number[] }, { shape: b as number[] }],
    tolerance: tolerances.arithmetic,
  })),
  ...['Pow', 'Mod'].flatMap((op) =>
    shapes.map(([a, b]) => ({
      name: `${op} [${a}] [${b}]`,
      op,
      attributes: op === 'Mod' ? { fmod: true } : {},
      inputs: [
        { shape: a, range: op === 'Mod' ? ([-50, 50] as const) : ([0.1, 9] as const) },
        { shape: b, range: op === 'Mod' ? ([0.01, 9] as const) : ([-4, 4] as const) },
      ],
      tolerance: op === 'Mod' ? tolerances.exact : tolerances.transcendental,
    })),
  ),
  ...logical.flatMap((op) =>
    shapes.map(([a, b]) => ({
      name: `${op} [${a}] [${b}]`,
      op,
      inputs: [
        { shape: a, dtype: 'bool' as const, range: [0, 1] as const },
        { shape: b, dtype: 'bool' as const, range: [0, 1] as const },
      ],
      tolerance: tolerances.exact,
    })),
  ),
  ...[
    [
      [2, 3, 4, 5],
      [3, 1, 1],
    ],
    [[4, 6], [6]],
    [[4, 8], [8]],
    [[7], [1]],
  ].map(([x, slope]) => ({
    name: `PRelu [${x}] [${slope}]`,
    op: 'PRelu',
    inputs: [{ shape: x as number[] }, { shape: slope as number[], constant: true }],
    tolerance: tolerances.arithmetic,
  })),
];

const integerRange: Partial<Record<DType, readonly [number, number]>> = { uint8: [0, 9], int8: [-9, 9], bool: [0, 1] };
const integers: OpCase[] = (['int32', 'int64', 'uint8', 'int8'] as const).flatMap((dtype) =>
  [...arithmetic, 'Max', 'Min', 'Mod', ...comparisons].flatMap((op) =>
    [5, 8].map((n) => ({
      name: `${op} ${dtype} [3,${n}]`,
      op,
      inputs: [
        { shape: [3, n], dtype, range: integerRange[dtype] ?? ([-50, 50] as const) },
        { shape: [n], dtype, range: [1, 9] as const },
      ],
      tolerance: tolerances.exact,
    })),
  ),
);

const vector = (data: readonly number[], dtype: DType = 'float32'): InputSpec => ({ shape: [data.length], dtype, data });
const more: OpCase[] = (
  [
    [
      'Mod by negative numbers',
      'Mod',
      {},
      vector([-7, -3, 0, 3, 7, -6, 6, 5], 'int32'),
      vector([-3, 2, -5, -2, 3, -3, -3, 5], 'int32'),
    ],
    [
      'Mod of floats with the sign of the second',
      'Mod',
      {},
      vector([-7.5, 7.5, -7.5, 7.5, 6, -6, 5, -5, 0]),
      vector([2, -2, -2, 2, 3, 3, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 3]),
    ],
    ['Mod with fmod', 'Mod', { fmod: true }, vector([-7, -3, 0, 3, 7], 'int32'), vector([-3, 2, -5, -2, 3], 'int32')],
    [
      'Pow of int32',
      'Pow',
      {},
      vector([-3, 2, 7, 0, 5, 1, -1, -1, 2], 'int32'),
      vector([3, 10, 2, 0, 1, -4, -3, -2, -2], 'int32'),
    ],
    [
      'Pow of int32 and float32',
      'Pow',
      {},
      vector([9, 2, 7, 10, -3, 50, 8, 0], 'int32'),
      vector([0.5, 10, 2, -1, 3, 0.7, 1.5, 0]),
    ],
    ['Pow of int64 and float32', 'Pow', {}, vector([1, 2, 3], 'int64'), vector([4, 5, 6])],
    ['Pow of float32 and int64', 'Pow', {}, vector([-3, 2, 0.5, 0]), vector([3, -2, 10, 0], 'int64')],
    ['uint8 sums wrap around', 'Add', {}, vector([250, 255, 3, 0], 'uint8'), vector([10, 1, 4, 0], 'uint8')],
    ['uint8 differences wrap around', 'Sub', {}, vector([3, 0, 9], 'uint8'), vector([5, 255, 1], 'uint8')],
    ['int8 products wrap around', 'Mul', {}, vector([100, -128, 9], 'int8'), vector([3, -1, -2], 'int8')],
    ['int16 sums wrap around', 'Add', {}, vector([32767, -32768], 'int16'), vector([1, -1], 'int16')],
    ['Equal of bool', 'Equal', {}, vector([0, 0, 1, 1], 'bool'), vector([0, 1, 0, 1], 'bool')],
  ] as [string, string, Record<string, boolean>, InputSpec, InputSpec][]
).map(([name, op, attributes, a, b]) => ({ name, op, attributes, inputs: [a, b], tolerance: tolerances.exact }));

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** Every pair of these values. */
const corners = [nan, inf, -inf, 0, -0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e10, 101];
const cornerPairs = { a: corners.flatMap((a) => corners.map(() => a)), b: corners.flatMap(() => corners) };
const special: OpCase[] = ['Max', 'Min', ...comparisons, 'Pow', 'Mod'].flatMap((op) =>
  [[], [7]].map((extra) => ({
    name: `${op} of NaN, infinities and zeros (${225 + extra.length})`,
    op,
    attributes: op === 'Mod' ? { fmod: true } : {},
    inputs: [vector([...cornerPairs.a, ...extra]), vector([...cornerPairs.b, ...extra])],
    tolerance: op === 'Pow' ? tolerances.transcendental : tolerances.exact,
  })),
);

const ramp = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
const powers: OpCase[] = [
  { name: 'Pow by 2, a constant', base: ramp(-9, 9, 64), exponent: [2], constant: true },
  { name: 'Pow by 3', base: ramp(-9, 9, 64), exponent: [3] },
  { name: 'Pow by -1', base: ramp(-9, 9, 64), exponent: [-1] },
  { name: 'Pow by 0.5', base: ramp(0, 900, 64), exponent: [0.5] },
  { name: 'Pow by -0.5', base: ramp(1e-6, 9, 64), exponent: [-0.5] },
  { name: 'Pow by a fraction, of negative numbers', base: ramp(-9, -1, 8), exponent: [1.5] },
  { name: 'Pow of 2 by large whole numbers', base: [2], exponent: ramp(-126, 127, 254) },
  { name: 'Pow of -2 by large whole numbers', base: [-2], exponent: ramp(-126, 127, 254) },
  { name: 'Pow beyond the range of float32', base: [1e20, 1e-20, -1e20, 10, 0.1], exponent: [99] },
].map(({ name, base, exponent, constant = false }) => ({
  name,
  op: 'Pow',
  inputs: [vector(base), { ...vector(exponent), constant }],
  tolerance: { ...tolerances.transcendental, atol: 0 },
}));

const remainders: OpCase = {
  name: 'Mod of far apart numbers is exact',
  op: 'Mod',
  attributes: { fmod: true },
  inputs: [
    vector([1e30, -1e30, 1e20, 123456.789, 5, 1e-20, 16777217, 3e38].map(Math.fround)),
    vector([3, 7, 0.1, 1e-3, 1e30, 3e-21, 1.5, 1e-36].map(Math.fround)),
  ],
  tolerance: tolerances.exact,
};

const steps: OpCase[] = [
  {
    name: 'Add and Gelu',
    op: 'Add',
    inputs: [{ shape: [3, 8] }, { shape: [8] }],
    attributes: { epilogue: [{ op: 'Gelu', attributes: { approximate: 'none' } }] },
    tolerance: tolerances.transcendental,
  },
  {
    name: 'Pow and Softplus',
    op: 'Pow',
    inputs: [{ shape: [3, 8], range: [0.1, 2] }, { shape: [8] }],
    attributes: { epilogue: [{ op: 'Softplus', attributes: {} }] },
    tolerance: tolerances.transcendental,
  },
  {
    name: 'Greater and Not',
    op: 'Greater',
    inputs: [{ shape: [3, 8] }, { shape: [8] }],
    attributes: { epilogue: [{ op: 'Not', attributes: {} }] },
    tolerance: tolerances.exact,
  },
];

describe('binary', () => {
  it.each([...pairs, ...integers, ...more, ...special, ...powers, remainders, ...steps])('$name', (opCase) => checkOp(opCase));

  const named = (name: string): OpCase => pairs.find((opCase) => opCase.name === name) as OpCase;
  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(named('Add [2,3,4] [3,1]'), 'return a + b', 'return a - b');
    await expectWrongKernelRejected(named('Add [2,3,4] [3,1]'), 'params.b_strides[k', 'params.a_strides[k');
    await expectWrongKernelRejected(named('Greater [5] [5]'), 'a > b', 'a < b');
  });

  it.each([
    ['two types', 'Add', {}, ['float32', 'int32'], 'one type'],
    ['bool in arithmetic', 'Mul', {}, ['bool', 'bool'], 'must be numbers'],
    ['numbers in logic', 'And', {}, ['int32', 'int32'], 'must be bool'],
  ] as [string, string, Record<string, boolean>, [DType, DType], string][])('refuses %s', (_, op, attributes, types, message) => {
    const inputs = types.map((dtype) => ({ shape: [2], dtype, data: [1, 1] }));
    expect(() => caseGraph({ name: '', op, attributes, inputs, tolerance: tolerances.exact })).toThrow(message);
  });

  it('refuses shapes that do not broadcast', () => {
    const graph = (op: string, a: number[], b: number[]) =>
      caseGraph({ name: '', op, inputs: [{ shape: a }, { shape: b }], tolerance: tolerances.exact });
    expect(() => graph('Add', [2, 3], [2])).toThrow('do not broadcast');
    expect(() => graph('PRelu', [3], [2, 3])).toThrow('do not broadcast');
  });
});
