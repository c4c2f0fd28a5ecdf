import { describe, expect, it } from 'vitest';
import { removeIdentity } from '../../src/passes/remove-identity.js';
import { opsAfter } from '../support/check-pass.js';

const shape = [2, 3];

describe('remove-identity', () => {
  it('lets readers read what an Identity, a Dropout or a Cast to the same type reads, through several', () => {
    const ops = opsAfter(
      removeIdentity,
      (b, x) => {
        const same = b.op('Cast', [b.op('Dropout', [b.op('Identity', [x])])], { to: 'float32' });
        return [b.op('Add', [same, b.op('Relu', [same])])];
      },
      shape,
    );
    expect(ops).toEqual(['Relu', 'Add']);
  });

  it('keeps the names of outputs of the graph', () => {
    expect(opsAfter(removeIdentity, (b, x) => [b.op('Identity', [b.op('Relu', [x])])], shape)).toEqual(['Relu', 'Identity']);
  });

  it('keeps a Cast to another type', () => {
    const back = opsAfter(
      removeIdentity,
      (b, x) => [b.op('Neg', [b.op('Cast', [b.op('Cast', [x], { to: 'int32' })], { to: 'float32' })])],
      shape,
    );
    expect(back).toEqual(['Cast', 'Cast', 'Neg']);
  });
});
