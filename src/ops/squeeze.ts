import { isConcrete, type Shape } from '../tensor/shape.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

const distinctAxes = (axes: readonly number[], rank: number): Set<number> => {
  const resolved = new Set(axes.map((axis) => axisOf(axis, rank)));
  return resolved.size === axes.length ? resolved : fail(`axes [${axes.join(', ')}] name one axis twice`);
};

const squeezed = (shape: Shape, axes: readonly number[] | undefined): Shape | undefined => {
  if (!axes) return isConcrete(shape) ? shape.filter((d) => d !== 1) : undefined;
  const removed = distinctAxes(axes, shape.length);
  for (const axis of removed) {
    const d = shape[axis];
    if (typeof d === 'number' && d !== 1) fail(`axis ${axis} has extent ${d}: only extents of 1 can be squeezed`);
  }
  return shape.filter((_, axis) => !removed.has(axis));
};

/** Drops extents of 1: those of `axes` (input 1), or all of them. */
export const squeeze = defineOperator({
  name: 'Squeeze',
  attributes: {},
  inputs: [1, 2],
  hostInputs: [1],
  alias: true,
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const axes = constantNumbers(context.inputs[1]);
    const known = shape && (axes || !context.inputs[1]);
    return [{ dtype, shape: known ? squeezed(shape, axes) : undefined }];
  },
});

/** Inserts extents of 1 so that they stand at `axes` (input 1) of the result. */
export const unsqueeze = defineOperator({
  name: 'Unsqueeze',
  attributes: {},
  inputs: [2, 2],
  hostInputs: [1],
  alias: true,
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const axes = constantNumbers(input(context as never, 1));
    if (!shape || !axes) return [{ dtype, shape: undefined }];
    const rank = shape.length + axes.length;
    const inserted = distinctAxes(axes, rank);
    const rest = [...shape];
    return [{ dtype, shape: Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : rest.shift()!)) }];
  },
});
