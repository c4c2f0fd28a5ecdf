import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { int, internal } from './attributes.js';
import { axisOf, defineOperator, fail, input, type Operator } from './operator.js';

export interface SoftmaxAttributes extends Attributes {
  readonly axis: number;
  /** The sums run over all dimensions from the axis on, as before opset 13. */
  readonly toEnd: boolean;
}

/** Softmax: exp(x) / sum of exp(x) along the axis; LogSoftmax: its logarithm. */
const softmaxOf = (name: string): Operator =>
  defineOperator<SoftmaxAttributes>({
    name,
    attributes: { axis: int(-1), toEnd: internal(false) },
    inputs: [1, 1],
    infer: (context) => {
      const { dtype, shape } = input(context as never, 0);
      if (!isFloat(dtype)) fail(`${name} is not defined for ${dtype}`);
      if (shape) axisOf(context.attributes.axis, shape.length);
      return [{ dtype, shape }];
    },
  });

export const softmax = softmaxOf('Softmax');
export const logSoftmax = softmaxOf('LogSoftmax');
