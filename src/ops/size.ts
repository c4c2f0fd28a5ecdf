import { defineOperator } from './operator.js';

/** The number of elements of x. */
export const size = defineOperator({
  name: 'Size',
  attributes: {},
  inputs: [1, 1],
  shapeOnly: true,
  infer: () => [{ dtype: 'int64', shape: [] }],
});
