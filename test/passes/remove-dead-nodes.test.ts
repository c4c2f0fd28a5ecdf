import { describe, expect, it } from 'vitest';
import { removeDeadNodes } from '../../src/passes/remove-dead-nodes.js';
import { opsAfter } from '../support/check-pass.js';

describe('remove-dead-nodes', () => {
  it('drops what no output depends on, whole chains of it', () => {
    const ops = opsAfter(
      removeDeadNodes,
      (b, x) => {
        b.op('Tanh', [b.op('Neg', [x])]);
        return [b.op('Relu', [x])];
      },
      [2, 3],
    );
    expect(ops).toEqual(['Relu']);
  });

  it('keeps a node of which one output alone is read, and outputs that something else reads too', () => {
    const ops = opsAfter(
      removeDeadNodes,
      (b, x) => {
        const [, high = ''] = b.node('Split', [x, b.ints(1, 2)], { axis: 1, num_outputs: undefined }, 2);
        const y = b.op('Relu', [high]);
        return [y, b.op('Neg', [y])];
      },
      [2, 3],
    );
    expect(ops).toEqual(['Split', 'Relu', 'Neg']);
  });
});
