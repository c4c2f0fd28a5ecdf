import type { Attributes } from '../graph/graph.js';
import { int, optionalInt } from './attributes.js';
import { defineOperator, input } from './operator.js';

export interface ShapeAttributes extends Attributes {
  readonly start: number;
  readonly end: number | undefined;
}

/** The extents of x from axis `start` up to `end`; negative axes count from the last, others are cut to the rank. */
export const shape = defineOperator<ShapeAttributes>({
  name: 'Shape',
  attributes: { start: int(0), end: optionalInt() },
  inputs: [1, 1],
  shapeOnly: true,
  infer: (context) => {
    const x = input(context as never, 0);
    if (!x.shape) return [{ dtype: 'int64', shape: undefined }];
    const { start, end } = context.attributes;
    return [{ dtype: 'int64', shape: [x.shape.slice(start, end).length] }];
  },
});
