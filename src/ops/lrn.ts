import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { float, int, internal } from './attributes.js';
import { defineOperator, elements, fail, input, rankAtLeast } from './operator.js';

export interface LrnAttributes extends Attributes {
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
  readonly size: number;
  /** X and Y are [N, ..., C]. */
  readonly channelsLast: boolean;
}

/**
 * Local response normalisation: Y[c] = X[c] / (bias + alpha / size * sum over j of X[j]^2)^beta, where j runs over the
 * `size` channels around c, as far as there are any.
 */
export const lrn = defineOperator<LrnAttributes>({
  name: 'LRN',
  attributes: { alpha: float(0.0001), beta: float(0.75), bias: float(1), size: int(undefined, 1), channelsLast: internal(false) },
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!isFloat(dtype)) fail(`LRN is not defined for ${dtype}`);
    if (shape) rankAtLeast(shape, 2, 'the input');
    return [{ dtype, shape }];
  },
  macs: (context, [y]) => elements(y?.shape) * context.attributes.size,
});
