import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph } from '../support/check-op.js';

const eye = (shape: number[], attributes: Record<string, number | string>) => {
  const opCase = { name: '', op: 'EyeLike', inputs: [{ shape }], attributes, tolerance: tolerances.exact };
  const { graph } = caseGraph(opCase);
  expect(graph.nodes).toEqual([]);
  return graph.values.get(graph.outputs[0] as string)!.tensor!;
};

describe('eye-like', () => {
  it('has the type of x and the main diagonal', () => {
    const { type, dims, data } = eye([2, 3], {});
    expect({ type, dims, data: [...data] }).toEqual({ type: 'float32', dims: [2, 3], data: [1, 0, 0, 0, 1, 0] });
  });

  it.each([
    [1, [0, 1, 0, 0, 0, 1]],
    [2, [0, 0, 1, 0, 0, 0]],
    [-1, [0, 0, 0, 1, 0, 0]],
    [5, [0, 0, 0, 0, 0, 0]],
  ])('puts the diagonal at %i', (k, expected) => {
    const { type, data } = eye([2, 3], { k, dtype: 'int32' });
    expect({ type, data: [...data] }).toEqual({ type: 'int32', data: expected });
  });

  it('refuses what is not a matrix', () => {
    expect(() => eye([3], {})).toThrow('must be a matrix');
  });
});
