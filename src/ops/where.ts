import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { defineOperator, fail, input } from './operator.js';

/** y[i] = condition[i] ? a[i] : b[i], with multidirectional broadcasting. */
export const where = defineOperator({
  name: 'Where',
  broadcasts: true,
  attributes: {},
  inputs: [3, 3],
  infer: (context) => {
    const condition = input(context as never, 0);
    const a = input(context as never, 1);
    const b = input(context as never, 2);
    if (condition.dtype !== 'bool') fail(`the condition must be bool, got ${condition.dtype}`);
    if (a.dtype !== b.dtype) fail(`inputs must have one type, got ${a.dtype} and ${b.dtype}`);
    if (!condition.shape || !a.shape || !b.shape) return [{ dtype: a.dtype, shape: undefined }];
    const values = broadcastShapes(a.shape, b.shape);
    const shape = values && broadcastShapes(values, condition.shape);
    if (!shape) {
      return fail(`shapes ${[condition, a, b].map((v) => shapeText(v.shape)).join(', ')} do not broadcast`);
    }
    return [{ dtype: a.dtype, shape }];
  },
});
