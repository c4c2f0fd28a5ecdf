import type { Attributes } from '../graph/graph.js';
import { flag, int } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, elements, fail, input } from './operator.js';

export interface TopKAttributes extends Attributes {
  readonly axis: number;
  readonly largest: boolean;
  /** The result is sorted always: any order is allowed where this is false. */
  readonly sorted: boolean;
}

/**
 * The k (input 1) largest or smallest elements along `axis`, best first, and their places. Of equal elements the one
 * with the lower index comes first; NaN is larger than any number.
 */
export const topK = defineOperator<TopKAttributes>({
  name: 'TopK',
  attributes: { axis: int(-1), largest: flag(true), sorted: flag(true) },
  inputs: [2, 2],
  hostInputs: [1],
  outputs: [2, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const counts = constantNumbers(input(context as never, 1));
    if (dtype === 'bool') fail('TopK is not defined for bool');
    if (counts && counts.length !== 1) fail(`k must be one number, got ${counts.length}`);
    const axis = shape && axisOf(context.attributes.axis, shape.length);
    const k = counts?.[0];
    const known = shape && axis !== undefined && k !== undefined;
    if (k !== undefined && k < 0) fail(`k must not be negative, got ${k}`);
    if (known && typeof shape[axis] === 'number' && k > shape[axis])
      fail(`k ${k} is more than the ${shape[axis]} elements of axis ${axis}`);
    const selected = known ? shape.with(axis, k) : undefined;
    return [
      { dtype, shape: selected },
      { dtype: 'int64', shape: selected },
    ];
  },
  macs: (context) => elements(input(context as never, 0).shape),
});
