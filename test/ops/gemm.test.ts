import { describe, expect, it } from 'vitest';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

interface Options {
  readonly c?: number[];
  readonly transA?: boolean;
  readonly transB?: boolean;
  readonly alpha?: number;
  readonly beta?: number;
  readonly kind?: DeviceFacts['kind'];
  /** B and C are weights. */
  readonly constant?: boolean;
  readonly fused?: boolean;
}

const epilogue = [{ op: 'Relu', attributes: {} }];

const gemm = ([m, k, n]: readonly number[], options: Options = {}): OpCase => {
  const { c, transA = false, transB = false, alpha = 1, beta = 1, kind, constant = false, fused = false } = options;
  const a = transA ? [k, m] : [m, k];
  const b = transB ? [n, k] : [k, n];
  return {
    name: `${m} x ${k} x ${n} ${JSON.stringify(options)}`,
    op: 'Gemm',
    inputs: [{ shape: a as number[] }, { shape: b as number[], constant }, ...(c ? [{ shape: c, constant }] : [])],
    attributes: { alpha, beta, transA, transB, ...(fused && { epilogue }) },
    tolerance: matmulTolerance((k as number) + 2, 2 * Math.max(1, Math.abs(alpha), Math.abs(beta)), 2),
    ...(kind && { facts: { kind } }),
  };
};

const kinds = ['cpu', 'gpu'] as const;
const flags = [false, true] as const;
/** Sizes that reach each kernel, with and without packing. */
const sizes = [
  [1, 64, 36],
  [3, 33, 31],
  [9, 32, 12],
  [65, 17, 33],
  [5, 7, 2],
] as const;

const cases: OpCase[] = [
  ...kinds.flatMap((kind) =>
    sizes.flatMap((size) =>
      flags.flatMap((transA) =>
        flags.flatMap((transB) =>
          flags.map((constant) => gemm(size, { kind, transA, transB, constant, c: [size[2]], alpha: 0.5, beta: -2 })),
        ),
      ),
    ),
  ),
  ...kinds.flatMap((kind) =>
    sizes.flatMap(([m, k, n]) =>
      [undefined, [], [1], [n], [m, 1], [1, n], [m, n], [1, 1]].map((c) => gemm([m, k, n], { kind, ...(c && { c }) })),
    ),
  ),
  ...kinds.flatMap((kind) =>
    sizes.map((size) => gemm(size, { kind, c: [size[2]], transB: true, constant: true, fused: true, alpha: 1.5 })),
  ),
  // A long k is split on GPUs: bias, factors and epilogue wait for the sum of the splits.
  ...[12, 13].flatMap((n) =>
    [[n], [9, 1], [9, n], [1]].map((c) =>
      gemm([9, 640, n], { kind: 'gpu', c, transB: true, constant: true, fused: true, alpha: 0.5, beta: -2 }),
    ),
  ),
];

const empty: OpCase[] = [gemm([0, 4, 5], { c: [5] }), gemm([3, 0, 5], { c: [5], beta: 2 }), gemm([3, 0, 8])];

const integer = (dtype: DType, given: Options = {}): OpCase => {
  const plain = gemm([5, 7, 8], { c: [8], transB: true, ...given });
  const range: [number, number] = dtype.startsWith('u') ? [0, 5] : [-9, 9];
  return {
    ...plain,
    name: `${dtype} ${plain.name}`,
    inputs: plain.inputs.map((spec) => spec && { ...spec, dtype, range }),
    tolerance: tolerances.exact,
  };
};

describe('gemm', () => {
  it.each([...cases, ...empty, integer('int32'), integer('uint32')])('$name', (opCase) => checkOp(opCase));

  it('uploads a transposed weight once, packed', () => {
    const plan = buildPlan(caseGraph(gemm([1, 64, 36], { transB: true, constant: true, c: [36] })).graph, defaultFacts);
    expect(plan.commands).toHaveLength(1);
    const weights = plan.buffers.filter(({ role }) => role === 'weight').map(({ bytes }) => bytes);
    expect(weights.sort((a, b) => a - b)).toEqual([4 * 36, 4 * 64 * 36]);
  });

  it.each([
    [gemm([9, 32, 12], { c: [9, 1], kind: 'gpu' }), 'row * params.bias_row', 'column * params.bias_row'],
    [gemm([9, 32, 12], { c: [12], kind: 'cpu' }), 'bias[at + step]', 'bias[at]'],
    [gemm([1, 32, 12], { c: [12], beta: 2, kind: 'cpu' }), 'params.beta *', ''],
    [gemm([1, 32, 12], { alpha: 2, kind: 'gpu' }), 'params.alpha *', ''],
  ] as [OpCase, string, string][])('rejects a wrong kernel: $0.name', expectWrongKernelRejected);

  it.each([
    [gemm([3, 4, 5], { c: [4] }), 'does not broadcast'],
    [gemm([3, 4, 5], { c: [1, 3, 5] }), 'does not broadcast'],
    [gemm([1, 4, 1], { c: [5] }), 'does not broadcast'],
    [{ ...gemm([3, 4, 5]), inputs: [{ shape: [3, 4] }, { shape: [5, 4] }] }, 'rows of B'],
    [{ ...gemm([3, 4, 5]), inputs: [{ shape: [2, 3, 4] }, { shape: [4, 5] }] }, 'A must be a matrix'],
    [{ ...gemm([3, 4, 5]), inputs: [{ shape: [3, 4] }, { shape: [4, 5], dtype: 'int32' }] }, 'one type'],
  ] as [OpCase, string][])('refuses what does not fit: $0.name, $1', (opCase, message) => {
    expect(() => caseGraph(opCase)).toThrow(message);
  });

  it('refuses factors of integers', () => {
    expect(() => buildPlan(caseGraph(integer('int32', { alpha: 2 })).graph, defaultFacts)).toThrow('alpha = 1');
  });
});
