import type { Attributes } from '../graph/graph.js';
import { int } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export interface GatherAttributes extends Attributes {
  readonly axis: number;
}

/**
 * Slices of x along `axis`, picked by indices (input 1, negative ones count from the end). A constant index that is out
 * of range is an error at load; one computed at run time is clamped into the range.
 */
export const gather = defineOperator<GatherAttributes>({
  name: 'Gather',
  attributes: { axis: int(0) },
  inputs: [2, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const indices = input(context as never, 1);
    if (indices.dtype !== 'int32' && indices.dtype !== 'int64') fail(`indices must be int32 or int64, got ${indices.dtype}`);
    if (!shape || !indices.shape) return [{ dtype, shape: undefined }];
    const axis = axisOf(context.attributes.axis, shape.length);
    const extent = shape[axis];
    if (typeof extent === 'number') {
      const wrong = constantNumbers(indices)?.find((i) => i < -extent || i >= extent);
      if (wrong !== undefined) fail(`index ${wrong} is out of range for axis ${axis} of extent ${extent}`);
      if (extent === 0 && !indices.shape.includes(0)) fail(`axis ${axis} has no elements to gather`);
    }
    return [{ dtype, shape: [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)] }];
  },
});
