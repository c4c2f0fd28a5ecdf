import type { Attributes } from '../graph/graph.js';
import type { Dim } from '../tensor/shape.js';
import { ints } from './attributes.js';
import { defineOperator, fail, input } from './operator.js';

export interface TransposeAttributes extends Attributes {
  /** Axis k of the result is axis perm[k] of x; absent: the axes in reverse. */
  readonly perm: readonly number[] | undefined;
}

/** y[i0, i1, ...] = x with its axes permuted. */
export const transpose = defineOperator<TransposeAttributes>({
  name: 'Transpose',
  attributes: { perm: ints(0) },
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!shape) return [{ dtype, shape: undefined }];
    const { perm } = context.attributes;
    if (!perm) return [{ dtype, shape: shape.toReversed() }];
    const each = shape.every((_, axis) => perm.includes(axis));
    if (perm.length !== shape.length || !each) fail(`perm [${perm.join(', ')}] is no permutation of ${shape.length} axes`);
    return [{ dtype, shape: perm.map((axis) => shape[axis] as Dim) }];
  },
});
