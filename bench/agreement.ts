import { runGraph } from '../kernels-ref/run-graph.js';
import type { Graph } from '../src/graph/graph.js';
import { compareNumbers, type Tolerance } from '../src/tensor/compare.js';
import { toNumbers } from '../src/tensor/convert.js';
import type { Tensor } from '../src/tensor/tensor.js';
import type { Agreement } from './results.js';

/** What results are held to: the reference of the whole problem, or of a part of it that takes less time. */
export interface Check {
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly tolerance: Tolerance;
  /** Where element i of the part's output is in the whole output; without it the part is the whole. */
  readonly at?: (i: number) => number;
}

/** Computes the reference once; the function that it returns compares a result with it. */
export const checker = ({ graph, feeds, tolerance, at = (i) => i }: Check): ((actual: Tensor) => Agreement) => {
  const expected = runGraph(graph, feeds).get(graph.outputs[0] as string) as Tensor;
  const want = toNumbers(expected.type, expected.data);
  return (actual) => {
    const all = toNumbers(actual.type, actual.data);
    const got = want.map((_, i) => all[at(i)] ?? Number.NaN);
    const { equal, worst } = compareNumbers(got, want, tolerance);
    return { equal, error: worst?.error ?? 0, elements: want.length, against: 'reference' };
  };
};
