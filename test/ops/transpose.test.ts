import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const kinds = ['cpu', 'gpu'] as const;

const transpose = (shape: number[], perm: number[] | undefined, kind: (typeof kinds)[number]): OpCase => ({
  name: `Transpose [${shape}] perm ${perm} on ${kind}`,
  op: 'Transpose',
  attributes: { perm },
  inputs: [{ shape }],
  tolerance: tolerances.exact,
  facts: { kind },
});

const shapes: [number[], number[] | undefined][] = [
  [[], undefined],
  [[5], [0]],
  [[3, 4], undefined],
  [
    [1, 7],
    [1, 0],
  ],
  [
    [31, 33],
    [1, 0],
  ],
  [
    [2, 32, 129],
    [0, 2, 1],
  ],
  [
    [2, 3, 5, 7],
    [0, 2, 3, 1],
  ],
  [
    [2, 5, 7, 3],
    [0, 3, 1, 2],
  ],
  [
    [2, 8, 4, 16],
    [0, 3, 1, 2],
  ],
  [
    [2, 16, 4, 8],
    [0, 2, 3, 1],
  ],
  [
    [3, 20, 5, 4],
    [0, 2, 3, 1],
  ],
  [
    [2, 17, 47],
    [0, 2, 1],
  ],
  [
    [3, 4, 5, 8],
    [1, 0, 2, 3],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 2, 0],
  ],
  [
    [2, 2, 3, 2, 2, 3, 2, 2],
    [7, 5, 6, 3, 4, 1, 2, 0],
  ],
  [
    [0, 3],
    [1, 0],
  ],
  // So many that a CPU adapter moves four elements, or vec4s, an invocation.
  [
    [5, 13, 64],
    [2, 1, 0],
  ],
  [
    [13, 20, 64],
    [1, 0, 2],
  ],
  [
    [1, 3, 3, 24, 20],
    [0, 3, 1, 4, 2],
  ],
];

const cases = kinds.flatMap((kind) => shapes.map(([shape, perm]) => transpose(shape, perm, kind)));
const int32: OpCase = {
  ...transpose([5, 6], [1, 0], 'gpu'),
  name: 'Transpose int32',
  inputs: [{ shape: [5, 6], dtype: 'int32', range: [-100, 100] }],
};

describe('transpose', () => {
  it.each([...cases, int32])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(transpose([2, 3, 4, 5], [3, 1, 2, 0], 'gpu'), 'at.rest / extent', 'at.rest / (extent + 1u)'));
  it('rejects a wrong kernel with tiles', () =>
    expectWrongKernelRejected(transpose([31, 33], [1, 0], 'gpu'), 'tile[local.x][local.y]', 'tile[local.y][local.x]'));
  it('rejects a wrong kernel with blocks', () =>
    expectWrongKernelRejected(transpose([8, 12], [1, 0], 'cpu'), 'a.y, b.y, c.y, d.y', 'a.y, b.x, c.y, d.y'));
  it.each([
    ['transpose-block', [2, 8, 4, 16], [0, 3, 1, 2], 'cpu'],
    ['copy', [2, 8, 4, 15], [0, 3, 1, 2], 'cpu'],
    ['transpose', [2, 31, 7, 33], [0, 2, 3, 1], 'gpu'],
    ['copy', [2, 3, 32, 32], [0, 2, 3, 1], 'gpu'],
    ['copy', [32, 32, 8], [1, 0, 2], 'gpu'],
  ] as const)('runs kernel %s for [%s] by %s on %s', (kernel, shape, perm, kind) => {
    const { graph } = caseGraph(transpose([...shape], [...perm], kind));
    expect(buildPlan(graph, { ...defaultFacts, kind }).pipelines.map((pipeline) => pipeline.kernel)).toEqual([kernel]);
  });
  it.each([[[0, 0]], [[0]], [[0, 2]]])('refuses perm %s of a matrix', (perm) =>
    expect(() => caseGraph(transpose([2, 3], perm, 'cpu'))).toThrow('is no permutation of 2 axes'),
  );
});
