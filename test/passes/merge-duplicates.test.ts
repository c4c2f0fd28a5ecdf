import { describe, expect, it } from 'vitest';
import { mergeDuplicates } from '../../src/passes/merge-duplicates.js';
import { opsAfter } from '../support/check-pass.js';

const shape = [2, 4];

describe('merge-duplicates', () => {
  it('computes the same thing once, and what is computed from it', () => {
    const ops = opsAfter(
      mergeDuplicates,
      (b, x) => {
        const clipped = [0, 0, -1].map((min) => b.op('Tanh', [b.op('Clip', [x], { min })])) as [string, string, string];
        return [b.op('Add', [clipped[0], clipped[1]]), b.op('Neg', [clipped[2]])];
      },
      shape,
    );
    expect(ops).toEqual(['Clip', 'Tanh', 'Clip', 'Tanh', 'Add', 'Neg']);
  });

  it('merges several outputs at once', () => {
    const split = (b: Parameters<Parameters<typeof opsAfter>[1]>[0], x: string) =>
      b.node('Split', [x, b.ints(1, 3)], { axis: 1, num_outputs: undefined }, 2) as [string, string];
    const ops = opsAfter(
      mergeDuplicates,
      (b, x) => {
        const sizes = b.ints(1, 3);
        const halves = [0, 1].map(() => b.node('Split', [x, sizes], { axis: 1, num_outputs: undefined }, 2)) as [
          string,
          string,
        ][];
        return [b.op('Concat', [halves[0]?.[1] as string, halves[1]?.[0] as string], { axis: 1 })];
      },
      shape,
    );
    expect(ops).toEqual(['Split', 'Concat']);
    // The sizes are constants of their own here: equal numbers under two names.
    expect(opsAfter(mergeDuplicates, (b, x) => [b.op('Concat', [split(b, x)[0], split(b, x)[1]], { axis: 1 })], shape)).toEqual([
      'Split',
      'Split',
      'Concat',
    ]);
  });

  it('keeps outputs of the graph, and tells orders of operands, infinities and zeros apart', () => {
    expect(opsAfter(mergeDuplicates, (b, x) => [b.op('Relu', [x]), b.op('Relu', [x])], shape)).toEqual(['Relu', 'Relu']);
    const apart = opsAfter(
      mergeDuplicates,
      (b, x) => {
        const two = b.values([], [2]);
        const pairs: [string, string][] = [
          [b.op('Sub', [x, two]), b.op('Sub', [two, x])],
          [b.op('Clip', [x], { max: 1 }), b.op('Clip', [x], { min: 1 })],
          [b.op('ThresholdedRelu', [x], { alpha: 0 }), b.op('ThresholdedRelu', [x], { alpha: -0 })],
        ];
        return pairs.map((pair) => b.op('Mul', pair));
      },
      shape,
    );
    expect(apart).toEqual(['Sub', 'Sub', 'Clip', 'Clip', 'ThresholdedRelu', 'ThresholdedRelu', 'Mul', 'Mul', 'Mul']);
  });
});
