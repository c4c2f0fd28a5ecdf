import type { Graph } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from './expect-same-results.js';
import { NetBuilder, randomFeeds } from './graphs.js';

/** Builds a net on one input; returns its outputs. */
export type BuildNet = (b: NetBuilder, x: string) => readonly string[];

export const netOf = (build: BuildNet, shape: readonly number[]): Graph => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  return inferShapes(b.build());
};

/** The operators of a net after a pass, which is checked to give a valid graph with the same results. */
export const opsAfter = (pass: (graph: Graph) => Graph, build: BuildNet, shape: readonly number[]): string[] => {
  const before = netOf(build, shape);
  const after = verify(pass(before), pass.name);
  expectSameResults(after, before, randomFeeds(new Map([['x', shape]])), tolerances.reduction);
  return after.nodes.map(({ op }) => op);
};
