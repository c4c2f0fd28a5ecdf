import { describe, expect, it } from 'vitest';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { mergeTransposes } from '../../src/passes/merge-transposes.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 3, 4];
const check = (build: (b: NetBuilder, x: string) => string[]): string[] => {
  const b = new NetBuilder();
  b.output(...build(b, b.input('x', 'float32', shape)));
  const before = inferShapes(b.build());
  const after = verify(mergeTransposes(before), 'merge-transposes');
  expectSameResults(after, before, randomFeeds(new Map([['x', shape]])), tolerances.exact);
  return after.nodes.map(({ op }) => op);
};
const transpose = (b: NetBuilder, x: string, perm?: number[]): string => b.op('Transpose', [x], { perm });

describe('merge-transposes', () => {
  it('makes two one', () => {
    expect(check((b, x) => [transpose(b, transpose(b, x, [1, 2, 0]), [0, 2, 1])])).toEqual(['Transpose']);
  });

  it('makes two that cancel none, reversed axes included', () => {
    expect(check((b, x) => [transpose(b, transpose(b, x, [1, 2, 0]), [2, 0, 1])])).toEqual(['Identity']);
    expect(check((b, x) => [transpose(b, transpose(b, x))])).toEqual(['Identity']);
  });

  it('cancels across elementwise operators', () => {
    expect(check((b, x) => [transpose(b, b.op('Neg', [b.op('Relu', [transpose(b, x, [1, 2, 0])])]), [2, 0, 1])])).toEqual([
      'Relu',
      'Neg',
      'Identity',
    ]);
  });

  it('cancels across the normalisation of a sequence', () => {
    const normalized = (perm: number[], channels: number): string[] =>
      check((b, x) => [transpose(b, b.batchNormalization(transpose(b, x, perm), channels), perm)]);
    expect(normalized([0, 2, 1], 4)).toEqual(['BatchNormalization', 'Identity']);
    expect(normalized([2, 1, 0], 3)).toEqual(['BatchNormalization', 'Identity']);
    // The batch cannot be normalised over.
    expect(normalized([1, 0, 2], 2)).toEqual(['Transpose', 'BatchNormalization', 'Transpose']);
  });

  it('keeps a result that is read elsewhere', () => {
    expect(
      check((b, x) => {
        const t = transpose(b, x, [1, 2, 0]);
        return [transpose(b, t, [2, 0, 1]), t];
      }),
    ).toEqual(['Transpose', 'Identity']);
    expect(
      check((b, x) => {
        const t = transpose(b, x, [1, 2, 0]);
        return [transpose(b, b.op('Relu', [t]), [2, 0, 1]), t];
      }),
    ).toEqual(['Transpose', 'Relu', 'Transpose']);
  });

  it('leaves a Transpose before something else alone', () => {
    expect(check((b, x) => [b.op('Relu', [transpose(b, x)])])).toEqual(['Transpose', 'Relu']);
    expect(check((b, x) => [b.op('Softmax', [b.op('Relu', [transpose(b, x)])])])).toEqual(['Transpose', 'Relu', 'Softmax']);
  });
});
