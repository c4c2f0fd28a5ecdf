import type { Attributes } from '../graph/graph.js';
import { flag } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, elements, fail, input } from './operator.js';

export interface CumSumAttributes extends Attributes {
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/**
 * y[k] = the sum of x[0..k] along the axis that input 1 names; without x[k] itself where exclusive, of x[k..] where
 * reverse.
 */
export const cumSum = defineOperator<CumSumAttributes>({
  name: 'CumSum',
  attributes: { exclusive: flag(false), reverse: flag(false) },
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const axis = input(context as never, 1);
    if (dtype === 'bool') fail('CumSum is not defined for bool');
    if (axis.dtype !== 'int32' && axis.dtype !== 'int64') fail(`the axis must be int32 or int64, got ${axis.dtype}`);
    const [known, ...more] = constantNumbers(axis) ?? [];
    if (more.length > 0) fail(`the axis must be one number, got ${more.length + 1}`);
    if (shape && known !== undefined) axisOf(known, shape.length);
    return [{ dtype, shape }];
  },
  macs: (context) => elements(input(context as never, 0).shape),
});
