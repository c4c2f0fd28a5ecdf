import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const placesOf = (shape: number[], data: number[]): OpCase => ({
  name: `[${shape}] of ${data}`,
  op: 'NonZero',
  inputs: [{ shape, data, constant: true }],
  tolerance,
});

const padded = (input: InputSpec, name = ''): OpCase => ({
  name: `${input.dtype ?? 'float32'} [${input.shape}] ${name}`,
  op: 'NonZero',
  inputs: [input],
  attributes: { padded: true },
  outputs: 2,
  tolerance,
});

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const shapes = [[], [1], [5], [0], [2, 0, 3], [31, 3], [2, 3, 4, 5], [1, 129], [64, 65], [70, 70], [2, 1, 2, 1, 3, 1, 2, 2]];
const cases: OpCase[] = [
  // Integers about 0: a fair share of them is 0.
  ...shapes.flatMap((shape) =>
    (['int32', 'uint8', 'bool'] as const).map((dtype) => padded({ shape, dtype, range: dtype === 'int32' ? [-1, 1] : [0, 1] })),
  ),
  padded({ shape: [9], data: [nan, 0, -0, 1e-40, -infinity, 2, 0, 0, -1e-40] }, 'of special values'),
  padded({ shape: [4, 40], dtype: 'int64', data: new Array(160).fill(0) }, 'of zeros'),
  padded({ shape: [4, 40], dtype: 'float16' }, 'without zeros'),
];

describe('non-zero', () => {
  // The places of a constant are worked out by hand: they are part of the plan.
  it.each([
    [placesOf([2, 2], [1, 0, nan, -2]), [2, 3], [0, 1, 1, 0, 0, 1]],
    [placesOf([4], [0, -0, 3, 0]), [1, 1], [2]],
    [placesOf([2, 1, 2], [0, 1, 2, 3]), [3, 3], [0, 1, 1, 0, 0, 0, 1, 0, 1]],
    [placesOf([3], [0, 0, 0]), [1, 0], []],
    [placesOf([], [5]), [1, 1], [0]],
  ])('%o', async (opCase, dims, expected) => {
    const { graph, feeds } = caseGraph(opCase);
    const y = runGraph(graph, feeds).get(graph.outputs[0] as string)!;
    expect(y.type).toBe('int64');
    expect(y.dims).toEqual(dims);
    expect([...toNumbers(y.type, y.data)]).toEqual(expected);
    await checkOp(opCase);
  });

  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.startsWith('int32 [64,65]')) as OpCase, '!= 0u', '== 0u'));

  it('is more than a plan can hold where a run computes what it counts', () => {
    const { graph } = caseGraph({ name: '', op: 'NonZero', inputs: [{ shape: [2, 3] }], tolerance });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['NonZero', 'Slice', 'Identity']);
    expect(() => buildPlan(graph, defaultFacts)).toThrow('decides shapes');
  });

  it('refuses nine dimensions', () => {
    const { graph } = caseGraph(padded({ shape: new Array(9).fill(1) }));
    expect(() => buildPlan(graph, defaultFacts)).toThrow('at most 8');
  });
});
