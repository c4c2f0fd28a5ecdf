import type { Attributes } from '../graph/graph.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';
import { internal } from './attributes.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

export interface NonZeroAttributes extends Attributes {
  /** True: as many columns as x has elements, zeros behind those that count, and their number as output 1. */
  readonly padded: boolean;
}

/**
 * The places of x that are not 0, as columns of [rank, count] in row-major order; a scalar counts as a vector of one
 * element. Where a run computes x, its padded form runs, and the first columns of the result are taken.
 */
export const nonZero = defineOperator<NonZeroAttributes>({
  name: 'NonZero',
  attributes: { padded: internal(false) },
  inputs: [1, 1],
  outputs: [1, 2],
  counts: [0],
  expand: ({ name, inputs, attributes }, to) => {
    const x = to.value(inputs[0]);
    if (attributes.padded || !x?.shape || x.tensor || !isConcrete(x.shape)) return undefined;
    const [places, count] = to.add(name, 'NonZero', inputs, { padded: true }, 2) as [string, string];
    const bounds = [to.constant(`${name}/first`, 'int64', [0]), count, to.constant(`${name}/axis`, 'int64', [1])];
    return to.add(`${name}/places`, 'Slice', [places, ...bounds]);
  },
  infer: (context) => {
    const x = input(context as never, 0);
    const { padded } = context.attributes;
    if (context.outputCount > 1 && !padded) fail('NonZero has one output');
    const rank = x.shape && Math.max(1, x.shape.length);
    const numbers = constantNumbers(x);
    const size = padded && x.shape && isConcrete(x.shape) ? sizeOf(x.shape) : numbers?.filter((v) => v !== 0).length;
    const shape = rank !== undefined && size !== undefined ? [rank, size] : undefined;
    return padded
      ? [
          { dtype: 'int64', shape },
          { dtype: 'int64', shape: [1] },
        ]
      : [{ dtype: 'int64', shape }];
  },
});
