import { TilewiseError } from '../errors.js';
import { optionalInt } from './attributes.js';
import { constantNumbers, defineOperator, input } from './operator.js';

/** y = x */
export const identity = defineOperator({
  name: 'Identity',
  attributes: {},
  inputs: [1, 1],
  alias: true,
  infer: (context) => {
    const x = input(context as never, 0);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
});

/** Inference only: y = x. The ratio (input 1) is without effect then, and no mask is made. */
export const dropout = defineOperator({
  name: 'Dropout',
  attributes: { seed: optionalInt() },
  inputs: [1, 3],
  outputs: [1, 1],
  alias: true,
  infer: (context) => {
    const x = input(context as never, 0);
    const training = context.inputs[2];
    if (context.outputCount > 1) throw new TilewiseError('unsupported-model', 'the mask output of Dropout is not supported');
    if (training && constantNumbers(training)?.[0] !== 0) {
      throw new TilewiseError('unsupported-model', 'Dropout in training mode is not supported');
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
});
