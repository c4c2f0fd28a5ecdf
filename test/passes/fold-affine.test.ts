import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { foldAffine } from '../../src/passes/fold-affine.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 4, 5, 6];
const feeds = randomFeeds(new Map([['x', shape]]));
const check = (pass: (graph: Graph) => Graph, build: (b: NetBuilder, x: string) => string[]): string[] => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  const before = inferShapes(b.build());
  const after = verify(pass(before), pass.name);
  expectSameResults(after, before, feeds, tolerances.reduction);
  return after.nodes.map(({ op }) => op);
};

describe('fold-affine', () => {
  it.each([
    ['Mul', [4, 1, 1]],
    ['Add', [1, 4, 1, 1]],
    ['Sub', []],
    ['Div', [1]],
  ])('folds %s by a constant of shape [%s] into a convolution', (op, dims) => {
    expect(check(foldAffine, (b, x) => [b.op(op, [b.conv(x, 4, 4, 3), b.weight(dims as number[], 0.5, 2)])])).toEqual(['Conv']);
  });

  it('folds a chain, and a constant on the first side', () => {
    const build = (b: NetBuilder, x: string) => [
      b.op('Add', [b.weight([4, 1, 1]), b.op('Mul', [b.conv(x, 4, 4, 1), b.weight([4, 1, 1])])]),
    ];
    const once = (graph: Graph) => foldAffine(foldAffine(graph));
    expect(check(once, build)).toEqual(['Conv']);
  });

  it('folds into a Gemm with either layout of weights', () => {
    const build = (transB: boolean) => (b: NetBuilder, x: string) => {
      const flat = b.op('Flatten', [x]);
      return [b.op('Mul', [b.op('Gemm', [flat, b.weight(transB ? [3, 120] : [120, 3])], { transB }), b.weight([3])])];
    };
    expect(check(foldAffine, build(true))).toEqual(['Flatten', 'Gemm']);
    expect(check(foldAffine, build(false))).toEqual(['Flatten', 'Gemm']);
  });

  it.each<[string, (b: NetBuilder, y: string) => string]>([
    ['varies over pixels', (b, y) => b.op('Mul', [y, b.weight([5, 6])])],
    ['stands before a minus', (b, y) => b.op('Sub', [b.weight([4, 1, 1]), y])],
    ['is a divisor the other way round', (b, y) => b.op('Div', [b.weight([1], 1, 2), y])],
  ])('leaves a constant alone that %s', (_, build) => {
    const b = new NetBuilder();
    b.output(build(b, b.conv(b.input('x', 'float32', shape), 4, 4, 1)));
    expect(foldAffine(inferShapes(b.build())).nodes).toHaveLength(2);
  });
});
