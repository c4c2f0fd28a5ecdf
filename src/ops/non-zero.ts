import { constantNumbers, defineOperator, input } from './operator.js';

/** The places of x that are not 0, as columns of [rank, count] in row-major order. Their number must be known to plan. */
export const nonZero = defineOperator({
  name: 'NonZero',
  attributes: {},
  inputs: [1, 1],
  hostInputs: [0],
  infer: (context) => {
    const x = input(context as never, 0);
    const numbers = constantNumbers(x);
    // A scalar counts as a vector of one element.
    const shape = x.shape && numbers ? [Math.max(1, x.shape.length), numbers.filter((v) => v !== 0).length] : undefined;
    return [{ dtype: 'int64', shape }];
  },
});
