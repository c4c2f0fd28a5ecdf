import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type AttributeSchema, flag } from './attributes.js';
import { defineOperator, fail, input, type Operator } from './operator.js';

/** A test of each float, with a bool for each. */
const classify = <A extends Attributes>(name: string, attributes: AttributeSchema<A>): Operator =>
  defineOperator<A>({
    name,
    attributes,
    inputs: [1, 1],
    infer: (context) => {
      const { dtype, shape } = input(context as never, 0);
      if (!isFloat(dtype)) fail(`${name} is not defined for ${dtype}`);
      return [{ dtype: 'bool', shape }];
    },
  });

export const isNan = classify('IsNaN', {});
export const isInf = classify('IsInf', { detect_negative: flag(true), detect_positive: flag(true) });
