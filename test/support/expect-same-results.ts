import { expect } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Graph } from '../../src/graph/graph.js';
import { compareNumbers, describeComparison, type Tolerance } from '../../src/tensor/compare.js';
import { toNumbers } from '../../src/tensor/convert.js';
import type { Tensor } from '../../src/tensor/tensor.js';

/** Both graphs, interpreted on the CPU, give the same outputs for the same feeds. */
export const expectSameResults = (
  after: Graph,
  before: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  tolerance: Tolerance,
): void => {
  const actual = runGraph(after, feeds);
  const expected = runGraph(before, feeds);
  for (const name of before.outputs) {
    const a = actual.get(name) as Tensor;
    const e = expected.get(name) as Tensor;
    expect(a.dims, name).toEqual(e.dims);
    const comparison = compareNumbers(toNumbers(a.type, a.data), toNumbers(e.type, e.data), tolerance);
    expect(comparison.equal, `${name}: ${describeComparison(comparison)}`).toBe(true);
  }
};
