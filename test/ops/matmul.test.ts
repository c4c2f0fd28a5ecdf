import { describe, expect, it } from 'vitest';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

type Constants = '' | 'a' | 'b';
const epilogue = [{ op: 'LeakyRelu', attributes: { alpha: 0.3 } }];

/** A case of [..., M, K] x [..., K, N]; `constants` names the inputs that are weights. */
const product = (a: number[], b: number[], kind?: DeviceFacts['kind'], constants: Constants = '', fused = false): OpCase => ({
  name: `[${a}] x [${b}] ${kind ?? ''} ${constants && `constant ${constants}`} ${fused ? 'epilogue' : ''}`.trimEnd(),
  op: 'MatMul',
  inputs: [
    { shape: a, constant: constants.includes('a') },
    { shape: b, constant: constants.includes('b') },
  ],
  ...(fused && { attributes: { epilogue } }),
  tolerance: matmulTolerance(a.at(-1) as number, 2, 2),
  ...(kind && { facts: { kind } }),
});

const kinds = ['cpu', 'gpu'] as const;

/** [M, K, N] around the widths of tiles and vectors. */
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [1, 4, 4],
  [1, 128, 132],
  [1, 5, 127],
  [2, 33, 36],
  [3, 4, 5],
  [4, 36, 129],
  [5, 64, 31],
  [5, 12, 32],
  [8, 8, 8],
  [9, 31, 33],
  [33, 32, 31],
  [64, 16, 64],
  [65, 20, 68],
  [127, 5, 4],
  [129, 17, 131],
  [7, 129, 3],
  [31, 127, 33],
];

const batches: [number[], number[]][] = [
  [[3], [3]],
  [[5], [5, 8]],
  [[7, 5], [5]],
  [
    [3, 5, 8],
    [8, 12],
  ],
  [
    [5, 8],
    [3, 8, 12],
  ],
  [
    [2, 3, 9, 8],
    [2, 3, 8, 20],
  ],
  [
    [2, 1, 9, 5],
    [3, 5, 9],
  ],
  [
    [2, 1, 2, 1, 9, 4],
    [3, 1, 2, 4, 8],
  ],
  [[8], [2, 3, 8, 8]],
  [
    [2, 3, 1, 8],
    [1, 3, 8, 8],
  ],
  [[2, 3, 8], [8]],
  [
    [4, 1, 10, 12],
    [1, 2, 12, 11],
  ],
];

const cases: OpCase[] = kinds.flatMap((kind) => [
  ...sizes.flatMap(([m, k, n]) => (['', 'a', 'b'] as const).map((constants) => product([2, m, k], [k, n], kind, constants))),
  ...batches.map(([a, b]) => product(a, b, kind)),
  ...batches.slice(5, 8).map(([a, b]) => product(a, b, kind, 'b', true)),
  product([1, 64], [64, 36], kind, 'b', true),
  product([12, 64], [64, 36], kind, 'b', true),
  product([12, 9], [9, 10], kind, 'a', true),
]);

/** Few tiles and a long k on GPUs: k is split among workgroups, at and beside multiples of a split. */
const splits: OpCase[] = [
  product([12, 1024], [1024, 36], 'gpu', 'b'),
  product([12, 1030], [1030, 36], 'gpu', 'b', true),
  product([65, 515], [515, 33], 'gpu', '', true),
  product([2, 9, 640], [2, 640, 12], 'gpu'),
  product([3, 5, 2051], [3, 2051, 7], 'gpu', 'b', true),
];

/** Enough rows and columns for the large tiles of GPUs. */
const large: OpCase[] = [product([1024, 8], [8, 1024], 'gpu', 'b'), product([1031, 17], [17, 1035], 'gpu', 'b', true)];

/** Constant float16 matrices stay float16 in the memory of GPUs. */
const halves: OpCase[] = [
  product([1, 64], [64, 36], 'gpu', 'b'),
  product([3, 33], [33, 31], 'gpu', 'b', true),
  product([2, 9, 30], [2, 30, 14], 'gpu', 'b'),
  product([65, 36], [36, 68], 'gpu', 'b', true),
  product([9, 20], [20, 12], 'cpu', 'b'),
].map((opCase) => ({
  ...opCase,
  name: `float16 ${opCase.name}`,
  inputs: opCase.inputs.map((spec) => spec && { ...spec, dtype: 'float16' }),
}));

const empty: OpCase[] = [product([0, 4], [4, 5]), product([3, 4], [4, 0]), product([3, 0], [0, 5]), product([0, 3, 4], [4, 4])];

const integers: OpCase[] = (['int32', 'uint32', 'int64', 'uint8'] as DType[]).map((dtype) => ({
  name: dtype,
  op: 'MatMul',
  inputs: [
    { shape: [2, 5, 7], dtype, range: dtype.startsWith('u') ? [0, 5] : [-9, 9] },
    { shape: [7, 8], dtype, range: dtype.startsWith('u') ? [0, 5] : [-9, 9] },
  ],
  tolerance: tolerances.exact,
}));

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
/** A row with NaN or infinity spoils its own results alone, also where the operands are padded. */
const special: OpCase[] = kinds.flatMap((kind) =>
  [nan, infinity].flatMap((v) =>
    [1, 9].map((m) => ({
      name: `${v} in the first row of ${m}, ${kind}`,
      op: 'MatMul',
      inputs: [{ shape: [m, 5], data: Array.from({ length: 5 * m }, (_, i) => (i === 4 ? v : i - 3)) }, { shape: [5, 9] }],
      tolerance: matmulTolerance(5, 45, 2),
      facts: { kind },
    })),
  ),
);

/** Products that are large enough for the wide kernel of CPU adapters, with rows and columns that fill no tile. */
const wide: OpCase[] = [
  product([17, 1028], [1028, 1030], 'cpu'),
  product([130, 129], [129, 1023], 'cpu', 'b', true),
  product([3, 65, 300], [3, 300, 330], 'cpu'),
  product([65, 512], [512, 512], 'cpu', 'b', true),
];

/** The kernels that a case runs on, without the launches that pack. */
const kernelsOf = (opCase: OpCase, facts: Partial<DeviceFacts> = {}): string[] =>
  buildPlan(caseGraph(opCase).graph, { ...defaultFacts, ...opCase.facts, ...facts }).pipelines.map(({ kernel }) => kernel);

describe('matmul', () => {
  it.each([...cases, ...wide, ...splits, ...large, ...halves, ...empty, ...integers, ...special])('$name', (opCase) =>
    checkOp(opCase),
  );

  it('reads the same tensor twice', () =>
    checkOp({ ...product([12, 12], [12, 12]), inputs: [{ shape: [12, 12] }, { shape: [12, 12] }] }));

  it('chooses the kernel by size, type and device', () => {
    const subgroups = { features: ['subgroups'] };
    expect(kernelsOf(product([64, 64], [64, 64], 'gpu'))).toEqual(['matmul']);
    expect(kernelsOf(product([64, 64], [64, 64], 'cpu'), subgroups)).toEqual(['matmul-quads']);
    expect(kernelsOf(product([64, 64], [64, 64], 'cpu'))).toEqual(['matmul']);
    for (const opCase of wide) expect(kernelsOf(opCase, subgroups).at(-1)).toBe('matmul-quads-wide');
    expect(kernelsOf(product([1024, 512], [512, 32], 'cpu'), subgroups)).toEqual(['matmul-quads']);
    expect(kernelsOf(product([4, 64], [64, 64], 'gpu'))).toEqual(['matvec']);
    expect(kernelsOf(product([1, 64], [64, 64], 'cpu'))).toEqual(['matvec-columns']);
    expect(kernelsOf(product([64, 63], [63, 62], 'gpu'))).toEqual(['matmul-pack', 'matmul']);
    expect(kernelsOf(product([64, 63], [63, 62], 'gpu', 'b'))).toEqual(['matmul-pack', 'matmul']);
    expect(kernelsOf(product([64, 64], [64, 62], 'gpu', 'b'))).toEqual(['matmul']);
    expect(kernelsOf(product([1, 63], [63, 62], 'gpu'))).toEqual(['matmul-naive']);
    expect(kernelsOf(product([64, 64], [64, 1], 'gpu'))).toEqual(['matmul-naive']);
    expect(kernelsOf(integers[0] as OpCase)).toEqual(['matmul-naive']);
  });

  it('splits a long k among workgroups and takes large tiles where they fit', () => {
    const limits = { ...defaultFacts.limits, maxComputeInvocationsPerWorkgroup: 128 };
    const tileOf = (opCase: OpCase, facts: Partial<DeviceFacts> = {}): string | undefined =>
      buildPlan(caseGraph(opCase).graph, { ...defaultFacts, ...opCase.facts, ...facts })
        .pipelines.find(({ kernel }) => kernel === 'matmul')
        ?.code.match(/const THREADS_X: u32 = (\d+)/)?.[1];
    expect(kernelsOf(splits[0] as OpCase)).toEqual(['matmul', 'matmul-splits']);
    expect(tileOf(splits[0] as OpCase)).toBe('8');
    expect(kernelsOf(large[0] as OpCase)).toEqual(['matmul']);
    expect(tileOf(large[0] as OpCase)).toBe('16');
    expect(tileOf(large[0] as OpCase, { limits })).toBe('8');
  });

  it('runs a batch against one matrix as one matrix', () => {
    const plan = buildPlan(caseGraph(product([4, 16, 64], [64, 64])).graph, defaultFacts);
    expect(plan.commands.map((command) => command.kind === 'dispatch' && command.workgroups)).toEqual([[1, 1, 1]]);
  });

  it.each([
    [product([12, 64], [64, 36], 'gpu'), 'PITCH + local.y;', 'PITCH + local.y + 1;'],
    [product([12, 64], [64, 36], 'cpu'), 'v0, 1u', 'v0, 2u'],
    [wide[3] as OpCase, 'e9 += m2', 'e9 += m1'],
    [wide[3] as OpCase, 'sums[j]', 'sums[j ^ 1]'],
    [product([1, 64], [64, 36], 'gpu'), 'vec4f(v.w)', 'vec4f(v.z)'],
    [product([1, 64], [64, 36], 'cpu'), 'v.w * b', 'v.z * b'],
    [halves[0] as OpCase, 'unpack2x16float(v.y)', 'unpack2x16float(v.x)'],
    [halves[3] as OpCase, 'unpack2x16float(v.y)', 'unpack2x16float(v.x)'],
    [product([3, 5], [5, 2], 'cpu'), 'k < params.k', 'k + 1 < params.k'],
  ] as [OpCase, string, string][])('rejects a wrong kernel: $0.name', expectWrongKernelRejected);

  it.each([
    ['packing', product([9, 5], [5, 9], 'cpu'), 'row < params.rows', 'row + 1 < params.rows'],
    ['sum of splits', splits[0] as OpCase, 's < params.splits', 's + 1 < params.splits'],
    ['begin of a split', splits[0] as OpCase, '* params.split_k4;', '* params.split_k4 + 1;'],
  ] as [string, OpCase, string, string][])('rejects a wrong %s', async (_, opCase, right, wrong) => {
    const alter = (plan: Plan): Plan => {
      const pipelines = plan.pipelines.map((pipeline) => ({ ...pipeline, code: pipeline.code.replace(right, wrong) }));
      expect(pipelines.some(({ code }, i) => code !== plan.pipelines[i]?.code)).toBe(true);
      return { ...plan, pipelines };
    };
    await expect(checkOp(opCase, alter)).rejects.toThrow('differ');
  });

  it.each([
    [[3, 4], [5, 6], 'rows of B'],
    [[], [3], 'scalars'],
    [[2, 3, 4], [3, 4, 5], 'broadcast'],
  ] as [number[], number[], string][])('refuses %o x %o', (a, b, message) => {
    expect(() => caseGraph(product(a, b))).toThrow(message);
  });

  it('refuses inputs of two types', () => {
    const inputs = [{ shape: [2, 2] }, { shape: [2, 2], dtype: 'int32' as const }];
    expect(() => caseGraph({ ...product([2, 2], [2, 2]), inputs })).toThrow('one type');
  });
});
