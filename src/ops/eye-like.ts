import type { Attributes } from '../graph/graph.js';
import type { DType } from '../tensor/dtype.js';
import { type AttributeField, dtype, int } from './attributes.js';
import { defineOperator, fail, input } from './operator.js';

export interface EyeLikeAttributes extends Attributes {
  /** The type of x where absent. */
  readonly dtype: DType | undefined;
  readonly k: number;
}

const optionalType: AttributeField<DType | undefined> = { parse: dtype().parse, missing: () => undefined };

/** A matrix of the shape of x: 1 on the diagonal that starts in column k, 0 elsewhere. */
export const eyeLike = defineOperator<EyeLikeAttributes>({
  name: 'EyeLike',
  attributes: { dtype: optionalType, k: int(0) },
  inputs: [1, 1],
  shapeOnly: true,
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (shape && shape.length !== 2) fail(`the input must be a matrix, got shape [${shape.join(', ')}]`);
    return [{ dtype: context.attributes.dtype ?? dtype, shape }];
  },
});
