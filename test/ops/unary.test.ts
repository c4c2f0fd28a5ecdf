import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { type Tolerance, tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

type Given = Record<string, number | string>;
interface Row {
  readonly op: string;
  readonly given?: readonly Given[];
  readonly range?: readonly [number, number];
  readonly tolerance?: Tolerance;
}

/** Every operator once; the range is where it is defined, the tolerance its class. */
const table: readonly Row[] = [
  { op: 'Abs', tolerance: tolerances.exact },
  { op: 'Acos', range: [-1, 1] },
  { op: 'Acosh', range: [1, 20] },
  { op: 'Asin', range: [-1, 1] },
  { op: 'Asinh' },
  { op: 'Atan' },
  { op: 'Atanh', range: [-0.99, 0.99] },
  { op: 'Ceil', tolerance: tolerances.exact },
  { op: 'Celu', given: [{}, { alpha: 0.5 }, { alpha: -2 }] },
  { op: 'Clip', given: [{}, { min: -1, max: 0.5 }, { min: 0 }, { max: 6 }, { min: 2, max: -1 }], tolerance: tolerances.exact },
  { op: 'Cos', range: [-50, 50] },
  { op: 'Cosh' },
  { op: 'Elu', given: [{}, { alpha: 0.3 }, { alpha: -1 }] },
  { op: 'Erf', range: [-4, 4] },
  { op: 'Exp' },
  { op: 'Floor', tolerance: tolerances.exact },
  { op: 'Gelu', given: [{}, { approximate: 'tanh' }] },
  { op: 'HardSigmoid', given: [{}, { alpha: 0.5, beta: 0.25 }] },
  { op: 'HardSwish' },
  { op: 'LeakyRelu', given: [{}, { alpha: 0.3 }] },
  { op: 'Log', range: [0.01, 20] },
  { op: 'Mish' },
  { op: 'Neg', tolerance: tolerances.exact },
  { op: 'Reciprocal', range: [0.1, 9], tolerance: tolerances.arithmetic },
  { op: 'Relu', tolerance: tolerances.exact },
  { op: 'Round', tolerance: tolerances.exact },
  { op: 'Selu', given: [{}, { alpha: 0.5, gamma: 2 }] },
  { op: 'Sigmoid' },
  { op: 'Sign', tolerance: tolerances.exact },
  { op: 'Sin', range: [-50, 50] },
  { op: 'Sinh' },
  { op: 'Softplus' },
  { op: 'Softsign', tolerance: tolerances.arithmetic },
  { op: 'Sqrt', range: [0, 6] },
  { op: 'Swish', given: [{}, { alpha: -1.7 }] },
  { op: 'Tan', range: [-1.4, 1.4] },
  { op: 'Tanh' },
  { op: 'ThresholdedRelu', given: [{}, { alpha: -0.5 }], tolerance: tolerances.exact },
];
const shapes = [[1], [3], [4], [5], [31], [33], [127], [2, 3, 5, 7], [0], []];

const cases: OpCase[] = table.flatMap(({ op, given = [{}], range = [-6, 6], tolerance = tolerances.transcendental }) =>
  given.flatMap((attributes, i) =>
    (i === 0 ? shapes : [[33], [2, 64]]).map((shape) => ({
      name: `${op} ${JSON.stringify(attributes)} [${shape}]`,
      op,
      attributes,
      inputs: [{ shape, range }],
      tolerance,
    })),
  ),
);

/** So many that a CPU adapter takes four vec4s, or elements, an invocation. */
const many: OpCase[] = [
  [16, 1028],
  [62, 67],
  [31, 139],
].map((shape) => ({ name: `Relu [${shape}]`, op: 'Relu', inputs: [{ shape, range: [-6, 6] }], tolerance: tolerances.exact }));

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
/** Values at which a formula in float32 may overflow or be left undefined by WGSL. */
const extremes = [nan, infinity, -infinity, 0, -0, 88, -88, 200, -200, 1e30, -1e30, 1e-30, -1e-30, 0.5, -0.5, 1.5, 2.5];
/** Beyond some 10,000 radians the argument itself is known to less than the tolerance. */
const bounded = ['Sin', 'Cos', 'Tan'];

const special: OpCase[] = table.flatMap(({ op, tolerance = tolerances.transcendental }) =>
  extremes
    .filter((v) => !(bounded.includes(op) && Number.isFinite(v) && Math.abs(v) > 1e4))
    .map((v) => ({
      name: `${op} of ${Object.is(v, -0) ? '-0' : v}`,
      op,
      inputs: [{ shape: [2], data: [v, 1] }],
      // Subnormal results may be flushed to 0; exponentials of large numbers are less exact.
      tolerance: ['Cosh', 'Exp', 'Sinh', 'Sqrt'].includes(op) ? { atol: 2 ** -126, rtol: 2e-5 } : tolerance,
    })),
);

const ramp = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** Small results must be right in their own digits, not only in those of 1. */
const relative: OpCase[] = [
  ...['Elu', 'Celu', 'Selu', 'Erf', 'Sin', 'Gelu', 'Asin', 'Asinh', 'Atan', 'Atanh', 'Sinh', 'Tan'].map((op) => ({
    op,
    data: ramp(-1e-3, 1e-3, 100),
  })),
  { op: 'Softplus', data: ramp(-60, -5, 100) },
  { op: 'Mish', data: ramp(-30, -5, 100) },
].map(({ op, data }) => ({
  name: `${op} of [${data[0]}, ${data.at(-1)}] relative to the result`,
  op,
  inputs: [{ shape: [data.length], data }],
  tolerance: { atol: 0, rtol: 1e-5 },
}));

const dense: OpCase[] = [
  { op: 'Erf', data: ramp(-5, 5, 2000), tolerance: { atol: 1e-6, rtol: 0 } },
  { op: 'Sin', data: ramp(-2000, 2000, 2000), tolerance: tolerances.transcendental },
  { op: 'Cos', data: ramp(-7, 7, 2000), tolerance: tolerances.transcendental },
  { op: 'Softplus', data: ramp(-20, 20, 2000), tolerance: tolerances.transcendental },
  ...['Acos', 'Asin'].map((op) => ({ op, data: ramp(-1, 1, 2001), tolerance: tolerances.transcendental })),
  ...['Asinh', 'Atan', 'Cosh', 'Sinh'].map((op) => ({ op, data: ramp(-10, 10, 2000), tolerance: { atol: 2e-6, rtol: 5e-6 } })),
  { op: 'Acosh', data: ramp(1, 3, 2000), tolerance: tolerances.transcendental },
  { op: 'Atanh', data: ramp(-0.999, 0.999, 2000), tolerance: { atol: 2e-6, rtol: 5e-6 } },
  { op: 'Tan', data: ramp(-20, 20, 1999), tolerance: { atol: 1e-5, rtol: 1e-4 } },
].map(({ op, data, tolerance }) => ({ name: `${op}, dense`, op, inputs: [{ shape: [data.length], data }], tolerance }));

const integers: OpCase[] = (
  [
    ['Abs', 'int32', {}],
    ['Abs', 'uint8', {}],
    ['Neg', 'int64', {}],
    ['Neg', 'int8', {}],
    ['Sign', 'int32', {}],
    ['Sign', 'uint8', {}],
    ['Relu', 'int32', {}],
    ['Clip', 'int32', { min: -2, max: 3 }],
    ['Clip', 'uint8', { min: -2, max: 3 }],
    ['Clip', 'int32', {}],
    ['Not', 'bool', {}],
  ] as [string, DType, Given][]
).flatMap(([op, dtype, attributes]) =>
  [[5], [8]].map((shape) => ({
    name: `${op} ${dtype} ${JSON.stringify(attributes)} [${shape}]`,
    op,
    attributes,
    inputs: [{ shape, dtype, range: dtype === 'bool' ? [0, 1] : [dtype === 'uint8' ? 0 : -9, 9] }],
    tolerance: tolerances.exact,
  })),
);

const chain: OpCase = {
  name: 'a chain of steps',
  op: 'Neg',
  attributes: {
    epilogue: [
      { op: 'Softplus', attributes: {} },
      { op: 'Gelu', attributes: { approximate: 'none' } },
      { op: 'Elu', attributes: { alpha: 1 } },
      { op: 'Mish', attributes: {} },
    ],
  },
  inputs: [{ shape: [13] }],
  tolerance: tolerances.transcendental,
};

describe('unary', () => {
  it.each([...cases, ...many, ...special, ...relative, ...dense, ...integers, chain])('$name', (opCase) => checkOp(opCase));

  const relu33 = cases.find(({ name }) => name === 'Relu {} [33]') as OpCase;
  it('rejects a wrong kernel', () => expectWrongKernelRejected(relu33, 'v < Elem(0)', 'v > Elem(0)'));
  it('rejects a kernel that writes past the end', () =>
    expectWrongKernelRejected(cases[3] as OpCase, 'i >= params.count', 'i > params.count'));
  it('rejects a wrong kernel for many elements', () =>
    expectWrongKernelRejected({ ...(many[0] as OpCase), facts: { kind: 'cpu' } }, 'y[first + 2u] = v2;', ''));

  it('refuses bool where numbers are wanted, and numbers where bool is', () => {
    const graph = (op: string, dtype: DType) =>
      caseGraph({ name: '', op, inputs: [{ shape: [2], dtype, range: [0, 1] }], tolerance: tolerances.exact });
    expect(() => graph('Neg', 'bool')).toThrow('must be numbers');
    expect(() => graph('Not', 'int32')).toThrow('must be bool');
  });

  it('has no kernel for integers where the formula needs floats', () => {
    const { graph } = caseGraph({ name: '', op: 'Erf', inputs: [{ shape: [2], dtype: 'int32' }], tolerance: tolerances.exact });
    expect(() => buildPlan(graph, defaultFacts)).toThrow('Erf has no kernel');
  });
});
