import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

/** x broadcast together with a shape (input 1); an extent of 1 there keeps the extent of x. */
export const expand = defineOperator({
  name: 'Expand',
  attributes: {},
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const target = constantNumbers(input(context as never, 1));
    if (!shape || !target) return [{ dtype, shape: undefined }];
    if (target.some((d) => d < 0)) fail(`shape [${target.join(', ')}] has a negative extent`);
    const expanded = broadcastShapes(shape, target);
    return [{ dtype, shape: expanded ?? fail(`${shapeText(shape)} does not broadcast with ${shapeText(target)}`) }];
  },
});
