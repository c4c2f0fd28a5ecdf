import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import {
  caseGraph,
  checkOp,
  expectWrongKernelRejected,
  type InputSpec,
  type OpCase,
  withoutSubgroups,
} from '../support/check-op.js';

const floats = ['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'];
const kinds = ['cpu', 'gpu'] as const;

const axesInput = (axes: readonly number[]): InputSpec => ({ shape: [axes.length], dtype: 'int64', data: axes, constant: true });
const toleranceOf = (op: string) => (op === 'ReduceMax' || op === 'ReduceMin' ? tolerances.exact : tolerances.reduction);

/** [shape, axes]: contiguous and strided sums, with and without lanes, one and several groups of axes. */
const layouts: [number[], number[]][] = [
  [[1], [0]],
  [[5], [0]],
  [[3, 4], [1]],
  [[3, 4], [0]],
  [[33, 31], [1]],
  [[33, 32], [-1]],
  [[31, 5], [0]],
  [[32, 8], [-2]],
  [
    [2, 3, 5, 7],
    [2, 3],
  ],
  [
    [2, 5, 7, 4],
    [1, 2],
  ],
  [
    [3, 4, 5, 8],
    [0, 2],
  ],
  [
    [3, 4, 5, 8],
    [1, 3],
  ],
  [
    [2, 3, 2, 3, 2],
    [0, 2, 4],
  ],
  [
    [1, 4, 1],
    [0, 2],
  ],
  [[2, 127], []],
  [[2, 0, 3], [0]],
];

const name = (op: string, kind: string, shape: readonly number[], axes: readonly number[] | undefined): string =>
  `${op} ${kind} [${shape}] over [${axes ?? 'nothing given'}]`;

const cases: OpCase[] = kinds.flatMap((kind) =>
  layouts.flatMap(([shape, axes], i) =>
    // Every layout with one sum and one comparison, and all formulas on a few of them.
    (i % 4 === 3 ? floats : ['ReduceSum', 'ReduceMax']).map((op) => ({
      name: name(op, kind, shape, axes),
      op,
      inputs: [{ shape }, axesInput(axes)],
      attributes: { keepdims: i % 2 === 0 },
      tolerance: toleranceOf(op),
      facts: { kind },
    })),
  ),
);

const long: OpCase[] = kinds.flatMap((kind) =>
  [
    { op: 'ReduceSum', shape: [3, 4096], axes: [1] },
    { op: 'ReduceMean', shape: [2, 4099], axes: [1] },
    { op: 'ReduceL2', shape: [4096], axes: [0] },
    { op: 'ReduceMax', shape: [2, 1025], axes: [1] },
    { op: 'ReduceSum', shape: [4096, 4], axes: [0] },
    { op: 'ReduceSum', shape: [1027, 3], axes: [0] },
    { op: 'ReduceMean', shape: [16, 5, 80], axes: [0, 2] },
    { op: 'ReduceSum', shape: [2, 2, 8192], axes: [0, 2] },
  ].map(({ op, shape, axes }) => ({
    name: name(op, kind, shape, axes),
    op,
    inputs: [{ shape }, axesInput(axes)],
    tolerance: toleranceOf(op),
    facts: { kind },
  })),
);

const integers: OpCase[] = kinds.flatMap((kind) =>
  (
    [
      ['ReduceSum', 'int32'],
      ['ReduceSum', 'int64'],
      ['ReduceProd', 'int32'],
      ['ReduceMax', 'int32'],
      ['ReduceMax', 'uint8'],
      ['ReduceMin', 'int8'],
      ['ReduceMin', 'uint8'],
      ['ReduceL1', 'int32'],
      ['ReduceMax', 'bool'],
      ['ReduceMin', 'bool'],
    ] as const
  ).map(([op, dtype]) => ({
    name: `${op} ${kind} ${dtype}`,
    op,
    inputs: [
      { shape: [3, 5], dtype, range: [dtype === 'bool' || dtype === 'uint8' ? 0 : -9, dtype === 'bool' ? 1 : 9] },
      axesInput([1]),
    ],
    tolerance: tolerances.exact,
    facts: { kind },
  })),
);

const special: OpCase[] = [
  ...kinds.flatMap((kind) =>
    floats.map((op) => ({
      name: `${op} ${kind} of NaN and infinities`,
      op,
      inputs: [
        {
          shape: [5, 4],
          data: [Number.NaN, 1, 2, 3, 1, 2, Number.NaN, 4, 1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY, 1, 2, 3].concat([
            Number.NEGATIVE_INFINITY,
            Number.NEGATIVE_INFINITY,
            Number.NEGATIVE_INFINITY,
            Number.NEGATIVE_INFINITY,
          ]),
        },
        axesInput([1]),
      ],
      tolerance: toleranceOf(op),
      facts: { kind },
    })),
  ),
  ...['ReduceSum', 'ReduceProd', 'ReduceMax', 'ReduceMin', 'ReduceL2'].flatMap((op) =>
    [
      [[2, 0, 3], [1]] as const,
      [[0], [0]] as const,
      [
        [2, 0, 4],
        [0, 1],
      ] as const,
      [[3, 0], []] as const,
    ].map(([shape, axes]) => ({
      name: name(op, 'of no elements', shape, axes),
      op,
      inputs: [{ shape }, axesInput(axes)],
      tolerance: tolerances.exact,
    })),
  ),
  { name: 'no axes input', op: 'ReduceMean', inputs: [{ shape: [3, 5] }], tolerance: tolerances.reduction },
  { name: 'scalar', op: 'ReduceSum', inputs: [{ shape: [] }], tolerance: tolerances.exact },
  {
    name: 'noop_with_empty_axes',
    op: 'ReduceL2',
    inputs: [{ shape: [3, 5] }],
    attributes: { noop_with_empty_axes: true },
    tolerance: tolerances.exact,
  },
  ...['Relu', 'Mish', 'Gelu'].map((op) => ({
    name: `${op} after the sum`,
    op: 'ReduceSum',
    inputs: [{ shape: [9, 4] }, axesInput([0])],
    attributes: { epilogue: [{ op, attributes: {} }] },
    tolerance: tolerances.reduction,
  })),
];

describe('reduce', () => {
  it.each([...cases, ...long, ...integers, ...special, ...withoutSubgroups([...long, ...integers, ...special])])(
    '$name',
    (opCase) => checkOp(opCase),
  );

  it.each(kinds)('rejects a wrong kernel for a %s', async (kind) => {
    const opCase: OpCase = {
      name: 'sum',
      op: 'ReduceSum',
      inputs: [{ shape: [3, 1024] }, axesInput([1])],
      tolerance: tolerances.reduction,
      facts: { kind },
    };
    await expectWrongKernelRejected(opCase, 'return a + b', 'return max(a, b)');
    await expectWrongKernelRejected(
      { ...opCase, inputs: [{ shape: [7, 3] }, axesInput([1])] },
      'i >= params.count',
      'i > params.count + 1',
    );
  });

  it('rejects a wrong exchange within subgroups', () =>
    expectWrongKernelRejected(
      {
        name: 'sum',
        op: 'ReduceSum',
        inputs: [{ shape: [3, 1024] }, axesInput([1])],
        tolerance: tolerances.reduction,
        facts: { kind: 'gpu' },
      },
      'subgroupShuffleXor(v, step)',
      'subgroupShuffleXor(v, step / 2)',
    ));

  it('reduces long sums of a GPU in workgroups', () => {
    const opCase = {
      name: 'long',
      op: 'ReduceSum',
      inputs: [{ shape: [3, 1024] }, axesInput([1])],
      tolerance: tolerances.reduction,
    };
    const kernels = kinds.map((kind) => buildPlan(caseGraph(opCase).graph, { ...defaultFacts, kind }).pipelines[0]?.kernel);
    expect(kernels).toEqual(['reduce', 'reduce-workgroup']);
  });

  it.each([
    ['an axis out of range', [{ shape: [2, 3] }, axesInput([2])], 'axis 2 is out of range'],
    ['an axis given twice', [{ shape: [2, 3] }, axesInput([1, -1])], 'twice'],
    ['axes that are not a vector', [{ shape: [2, 3] }, { shape: [], dtype: 'int64', data: [0], constant: true }], 'vector'],
    ['axes that are not int64', [{ shape: [2, 3] }, { shape: [1], data: [0], constant: true }], 'int64'],
    ['bool', [{ shape: [2], dtype: 'bool' }], 'not defined for bool'],
  ] as [string, InputSpec[], string][])('refuses %s', (_, inputs, message) => {
    expect(() => caseGraph({ name: '', op: 'ReduceSum', inputs, tolerance: tolerances.exact })).toThrow(message);
  });

  it.each([
    ['ReduceMean', { shape: [2, 0] }, 'no elements'],
    ['ReduceMax', { shape: [2, 0], dtype: 'int32' }, 'no int32 elements'],
    ['ReduceL2', { shape: [2, 3], dtype: 'int32' }, 'no kernel for int32'],
  ] as [string, InputSpec, string][])('has no kernel for %s of %o', (op, x, message) => {
    const { graph } = caseGraph({ name: '', op, inputs: [x, axesInput([1])], tolerance: tolerances.exact });
    expect(() => buildPlan(graph, defaultFacts)).toThrow(message);
  });
});
