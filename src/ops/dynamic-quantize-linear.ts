import { defineOperator, fail, input } from './operator.js';

/**
 * y, scale, zero_point of x as uint8, over the range of x and 0: scale = (max - min) / 255, zero_point =
 * round(-min / scale), y = saturate(round(x / scale) + zero_point). The scale of zeros alone is 1.
 */
export const dynamicQuantizeLinear = defineOperator({
  name: 'DynamicQuantizeLinear',
  attributes: {},
  inputs: [1, 1],
  outputs: [3, 3],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (dtype !== 'float32') fail(`the input must be float32, got ${dtype}`);
    return [
      { dtype: 'uint8', shape },
      { dtype: 'float32', shape: [] },
      { dtype: 'uint8', shape: [] },
    ];
  },
});
