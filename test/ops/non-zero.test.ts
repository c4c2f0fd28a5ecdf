import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { caseGraph, checkOp, type OpCase } from '../support/check-op.js';

const placesOf = (shape: number[], data: number[]): OpCase => ({
  name: `[${shape}] of ${data}`,
  op: 'NonZero',
  inputs: [{ shape, data, constant: true }],
  tolerance: tolerances.exact,
});

/** The places are a constant of the plan; worked by hand, because there is no kernel to compare with the reference. */
describe('non-zero', () => {
  it.each([
    [placesOf([2, 2], [1, 0, Number.NaN, -2]), [2, 3], [0, 1, 1, 0, 0, 1]],
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

  it('is refused where a run computes what it counts', () => {
    const { graph } = caseGraph({ name: '', op: 'NonZero', inputs: [{ shape: [2, 3] }], tolerance: tolerances.exact });
    expect(() => buildPlan(graph, defaultFacts)).toThrow('decides shapes');
  });
});
