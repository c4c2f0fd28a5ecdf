import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph } from '../support/check-op.js';

describe('size', () => {
  it.each([
    [[], 1n],
    [[5], 5n],
    [[2, 3, 4], 24n],
    [[2, 0], 0n],
  ] as [number[], bigint][])('of [%s] is a constant', (shape, expected) => {
    const { graph } = caseGraph({ name: '', op: 'Size', inputs: [{ shape }], tolerance: tolerances.exact });
    expect(graph.nodes).toEqual([]);
    const { type, dims, data } = graph.values.get(graph.outputs[0] as string)!.tensor!;
    expect({ type, dims, data: [...data] }).toEqual({ type: 'int64', dims: [], data: [expected] });
  });
});
