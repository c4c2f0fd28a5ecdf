import { isFloat } from '../tensor/dtype.js';
import { shapeText } from '../tensor/shape.js';
import { defineOperator, expectDim, fail, input, rankAtLeast } from './operator.js';

/** The determinant of each square matrix of the last two axes. */
export const det = defineOperator({
  name: 'Det',
  attributes: {},
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!isFloat(dtype)) fail(`Det is not defined for ${dtype}`);
    if (!shape) return [{ dtype, shape: undefined }];
    rankAtLeast(shape, 2, 'the input');
    expectDim(shape.at(-1), shape.at(-2), `the last extent of ${shapeText(shape)}`);
    return [{ dtype, shape: shape.slice(0, -2) }];
  },
});
