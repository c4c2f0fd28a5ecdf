import type { Attributes, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { flag, int } from './attributes.js';
import { expectIndexType, expectIndicesInRange } from './indices.js';
import { defineOperator, elements, expectDim, fail, input } from './operator.js';

export interface RotaryEmbeddingAttributes extends Attributes {
  /** True where pairs are neighbours; else they are half a turn of the head apart. */
  readonly interleaved: boolean;
  /** Needed where x has 3 dimensions. */
  readonly num_heads: number;
  /** How many elements of a head are turned, the first ones; 0 stands for all. */
  readonly rotary_embedding_dim: number;
}

interface Heads {
  readonly batch: Dim;
  readonly sequence: Dim;
  readonly width: Dim;
}

/** x is [batch, heads, sequence, width] or [batch, sequence, heads * width]. */
const headsOf = (x: Shape, { num_heads }: RotaryEmbeddingAttributes): Heads => {
  const [batch, a, b, width] = x as readonly [Dim, Dim, Dim, Dim];
  if (x.length === 4) return { batch, sequence: b, width };
  if (x.length !== 3) return fail(`x must have 3 or 4 dimensions, got shape ${shapeText(x)}`);
  if (num_heads === 0) fail('num_heads is needed where x has 3 dimensions');
  if (typeof b === 'number' && b % num_heads !== 0) fail(`num_heads ${num_heads} does not divide ${b}`);
  return { batch, sequence: a, width: typeof b === 'number' ? b / num_heads : `(${b})/${num_heads}` };
};

const expectShape = (value: Value | undefined, expected: readonly (Dim | undefined)[], what: string): void => {
  if (!value?.shape) return;
  if (value.shape.length !== expected.length)
    fail(`${what} must have ${expected.length} dimensions, got ${shapeText(value.shape)}`);
  for (const [k, d] of expected.entries()) expectDim(value.shape[k], d, `dimension ${k} of ${what}`);
};

/**
 * Turns each pair (u, v) of a head by the angle of its position: (u cos - v sin, u sin + v cos). The cosines and sines
 * (inputs 1 and 2) are [positions, pairs] where input 3 tells each token's position, else [batch, sequence, pairs].
 */
export const rotaryEmbedding = defineOperator<RotaryEmbeddingAttributes>({
  name: 'RotaryEmbedding',
  attributes: { interleaved: flag(false), num_heads: int(0, 0), rotary_embedding_dim: int(0, 0) },
  inputs: [3, 4],
  infer: (context) => {
    const { attributes, inputs } = context;
    const [x, cosines, sines] = [0, 1, 2].map((k) => input(context as never, k)) as [Value, Value, Value];
    const positions = inputs[3];
    for (const { dtype } of [x, cosines, sines]) if (!isFloat(dtype)) fail(`RotaryEmbedding is not defined for ${dtype}`);
    if (positions) expectIndexType(positions);
    if (!x.shape) return [{ dtype: x.dtype, shape: undefined }];
    const { batch, sequence, width } = headsOf(x.shape, attributes);
    const turned = attributes.rotary_embedding_dim || width;
    if (typeof turned === 'number' && turned % 2 !== 0) fail(`${turned} elements are not whole pairs`);
    if (typeof turned === 'number' && typeof width === 'number' && turned > width) {
      fail(`rotary_embedding_dim ${turned} is more than the ${width} elements of a head`);
    }
    const pairs = typeof turned === 'number' ? turned / 2 : undefined;
    for (const [what, cache] of Object.entries({ 'the cosines': cosines, 'the sines': sines })) {
      expectShape(cache, positions ? [cosines.shape?.[0], pairs] : [batch, sequence, pairs], what);
    }
    expectShape(positions, [batch, sequence], 'the positions');
    if (positions) expectIndicesInRange(positions, [cosines.shape?.[0]]);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  macs: (_, [y]) => 2 * elements(y?.shape),
});
