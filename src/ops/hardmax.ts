import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { int, internal } from './attributes.js';
import { axisOf, defineOperator, elements, fail, input } from './operator.js';

export interface HardmaxAttributes extends Attributes {
  readonly axis: number;
  /** Over all axes from `axis` to the last one, as before opset 13. */
  readonly toEnd: boolean;
}

/** 1 where the first maximum along `axis` stands, 0 elsewhere. NaN is larger than any number. */
export const hardmax = defineOperator<HardmaxAttributes>({
  name: 'Hardmax',
  attributes: { axis: int(-1), toEnd: internal(false) },
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!isFloat(dtype)) fail(`Hardmax is not defined for ${dtype}`);
    if (shape) axisOf(context.attributes.axis, shape.length);
    return [{ dtype, shape }];
  },
  macs: (context) => elements(input(context as never, 0).shape),
});
