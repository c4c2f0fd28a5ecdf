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

/** y = x: at inference, or where training_mode (input 2) is on but the ratio (input 1) is 0. It makes no mask. */
export const dropout = defineOperator({
  name: 'Dropout',
  attributes: { seed: optionalInt() },
  inputs: [1, 3],
  hostInputs: [1, 2],
  outputs: [1, 1],
  alias: true,
  infer: (context) => {
    const x = input(context as never, 0);
    const [, ratio, training] = context.inputs;
    const training_mode = constantNumbers(training)?.[0] ?? 0;
    const share = ratio ? constantNumbers(ratio)?.[0] : 0.5;
    if (context.outputCount > 1) throw new TilewiseError('unsupported-model', 'the mask output of Dropout is not supported');
    if (training_mode !== 0 && share !== undefined && share !== 0) {
      throw new TilewiseError('unsupported-model', 'Dropout in training mode is not supported');
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
});
