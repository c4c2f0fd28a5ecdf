import type { Attributes } from '../graph/graph.js';
import type { DType } from '../tensor/dtype.js';
import { dtype, flag } from './attributes.js';
import { defineOperator, input } from './operator.js';

export interface CastAttributes extends Attributes {
  readonly to: DType;
  /** Concerns 8-bit floats only, which are not supported: without effect. */
  readonly saturate: boolean;
}

/**
 * x as another element type. Float to integer truncates toward zero and saturates, NaN becomes 0; integer to a narrower
 * integer, and float to 4 bits, keeps the low bits; anything to bool is x != 0; to float16 rounds to nearest even, and overflows to infinity.
 */
export const cast = defineOperator<CastAttributes>({
  name: 'Cast',
  attributes: { to: dtype(), saturate: flag(true) },
  inputs: [1, 1],
  infer: (context) => [{ dtype: context.attributes.to, shape: input(context as never, 0).shape }],
});

/** x as the element type of input 1, of which nothing else is read. */
export const castLike = defineOperator({
  name: 'CastLike',
  attributes: { saturate: flag(true) },
  inputs: [2, 2],
  infer: (context) => [{ dtype: input(context as never, 1).dtype, shape: input(context as never, 0).shape }],
});
