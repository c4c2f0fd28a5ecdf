import type { Attributes } from '../graph/graph.js';
import { int } from './attributes.js';
import { expectIndexType } from './indices.js';
import { axisOf, defineOperator, expectDim, fail, input, rankAtLeast } from './operator.js';

export interface ReverseSequenceAttributes extends Attributes {
  readonly batch_axis: number;
  readonly time_axis: number;
}

/** The first lens[b] elements along the time axis in reverse, for each place b of the batch axis; the others stay. */
export const reverseSequence = defineOperator<ReverseSequenceAttributes>({
  name: 'ReverseSequence',
  attributes: { batch_axis: int(1), time_axis: int(0) },
  inputs: [2, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const lens = input(context as never, 1);
    expectIndexType(lens);
    if (lens.shape && lens.shape.length !== 1) fail(`the lengths must have 1 dimension, got ${lens.shape.length}`);
    if (!shape) return [{ dtype, shape }];
    rankAtLeast(shape, 2, 'the input');
    const { batch_axis, time_axis } = context.attributes;
    const [batch, time] = [batch_axis, time_axis].map((axis) => axisOf(axis, shape.length));
    if (batch === time) fail(`batch_axis and time_axis are both ${batch}`);
    expectDim(lens.shape?.[0], shape[batch as number], 'the number of lengths');
    return [{ dtype, shape }];
  },
});
