import type { Attributes } from '../graph/graph.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';
import { optionalInt } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export interface CompressAttributes extends Attributes {
  /** Absent: x is taken as a vector of all its elements. */
  readonly axis: number | undefined;
}

/** What stands along the axis where the condition (input 1) is true; a condition may be shorter than the axis. */
export const compress = defineOperator<CompressAttributes>({
  name: 'Compress',
  attributes: { axis: optionalInt() },
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const condition = input(context as never, 1);
    if (condition.dtype !== 'bool') fail(`the condition must be bool, got ${condition.dtype}`);
    if (condition.shape && condition.shape.length !== 1)
      fail(`the condition must have 1 dimension, got ${condition.shape.length}`);
    const { axis: given } = context.attributes;
    const axis = shape && given !== undefined ? axisOf(given, shape.length) : undefined;
    const flags = constantNumbers(condition);
    if (!shape || !flags || (axis === undefined && !isConcrete(shape))) return [{ dtype, shape: undefined }];
    const extent = axis === undefined ? sizeOf(shape as readonly number[]) : shape[axis];
    if (typeof extent === 'number' && flags.length > extent) fail(`a condition of ${flags.length} elements for ${extent}`);
    const count = flags.filter((flag) => flag !== 0).length;
    return [{ dtype, shape: axis === undefined ? [count] : shape.with(axis, count) }];
  },
});
