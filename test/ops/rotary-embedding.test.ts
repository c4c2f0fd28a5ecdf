import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.transcendental;
/** [batch, heads, sequence, width], elements turned. */
const layouts: [[number, number, number, number], number][] = [
  [[1, 1, 1, 2], 0],
  [[2, 3, 5, 8], 0],
  [[2, 3, 5, 8], 4],
  [[1, 2, 31, 6], 6],
  [[2, 1, 4, 33], 32],
  [[0, 2, 3, 4], 0],
];
const cases: OpCase[] = layouts.flatMap(([[batch, heads, sequence, width], rotary_embedding_dim]) =>
  [false, true].flatMap((interleaved) =>
    [false, true].flatMap((flat) =>
      [false, true].map((withPositions) => {
        const pairs = (rotary_embedding_dim || width) / 2;
        const cache: InputSpec = { shape: withPositions ? [40, pairs] : [batch, sequence, pairs], range: [-1, 1] };
        const x: InputSpec = { shape: flat ? [batch, sequence, heads * width] : [batch, heads, sequence, width] };
        const positions: InputSpec = { shape: [batch, sequence], dtype: 'int64', range: [0, 39] };
        const words = `${interleaved ? ', interleaved' : ''}${withPositions ? ', with positions' : ''}`;
        return {
          name: `[${x.shape}] ${rotary_embedding_dim} of ${width}${words}`,
          op: 'RotaryEmbedding',
          inputs: [x, cache, cache, ...(withPositions ? [positions] : [])],
          attributes: { interleaved, rotary_embedding_dim, num_heads: flat ? heads : 0 },
          tolerance,
        };
      }),
    ),
  ),
);

describe('rotary-embedding', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[9] as OpCase, '* cosine - x', '* cosine + x'));

  it.each([
    [[2, 4], {}, '3 or 4 dimensions'],
    [[1, 2, 8], {}, 'num_heads is needed'],
    [[1, 2, 8], { num_heads: 3 }, 'num_heads 3 does not divide 8'],
    [[1, 1, 2, 5], {}, 'not whole pairs'],
    [[1, 1, 2, 4], { rotary_embedding_dim: 6 }, 'more than the 4 elements'],
    [[1, 1, 2, 8], {}, 'dimension 2 of the cosines must be 4'],
    [[1, 1, 3, 4], {}, 'dimension 1 of the cosines must be 3'],
  ] as [number[], object, string][])('refuses [%s] with %o', (shape, attributes, message) => {
    const inputs = [{ shape }, { shape: [1, 2, 2] }, { shape: [1, 2, 2] }];
    const opCase = { name: '', op: 'RotaryEmbedding', inputs, attributes: { ...attributes }, tolerance };
    expect(() => caseGraph(opCase)).toThrow(message);
  });
});
