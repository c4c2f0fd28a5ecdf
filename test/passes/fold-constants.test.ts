import { describe, expect, it } from 'vitest';
import { foldConstants } from '../../src/passes/fold-constants.js';
import { defaultBudgets } from '../../src/tensor/budgets.js';
import { netOf, opsAfter } from '../support/check-pass.js';

const shape = [2, 4];

describe('fold-constants', () => {
  it('computes weights from weights', () => {
    const ops = opsAfter(
      foldConstants,
      (b, x) => [b.op('MatMul', [x, b.op('Transpose', [b.op('Add', [b.weight([3, 4]), b.weight([4])])], { perm: [1, 0] })])],
      shape,
    );
    expect(ops).toEqual(['MatMul']);
  });

  it('computes with the extents of what is fed', () => {
    const ops = opsAfter(
      foldConstants,
      (b, x) => {
        const rows = b.op('Gather', [b.op('Shape', [x]), b.ints(0)], { axis: 0 });
        return [b.op('Reshape', [x, b.op('Concat', [b.ints(-1), rows], { axis: 0 })])];
      },
      shape,
    );
    expect(ops).toEqual(['Reshape']);
  });

  it('leaves what depends on data, and what it was told to keep', () => {
    expect(opsAfter(foldConstants, (b, x) => [b.op('Add', [b.op('Neg', [x]), b.weight([4])])], shape)).toEqual(['Neg', 'Add']);
    const build = (graph: Parameters<typeof foldConstants>[0]) => foldConstants(graph, undefined, new Set(['Neg']));
    expect(opsAfter(build, (b, x) => [b.op('Add', [x, b.op('Neg', [b.weight([4])])])], shape)).toEqual(['Neg', 'Add']);
  });

  it('leaves results to the GPU that are much larger than what they are made of', () => {
    const large = netOf(
      (b, x) => [b.op('Add', [b.op('Expand', [b.weight([1, 1]), b.ints(2 ** 18, 4)]), b.op('ReduceSum', [x])])],
      shape,
    );
    expect(foldConstants(large).nodes.map(({ op }) => op)).toEqual(['Expand', 'ReduceSum', 'Add']);
  });

  it('refuses a tensor beyond the budget before it computes one', () => {
    const net = netOf((b, x) => [b.op('Add', [x, b.op('Neg', [b.weight([2, 4])])])], shape);
    expect(() => foldConstants(net, { ...defaultBudgets, maxBytes: 31 })).toThrow(/takes 32 bytes/);
  });
});
