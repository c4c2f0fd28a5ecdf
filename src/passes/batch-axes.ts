import type { Node } from '../graph/graph.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import type { BatchStep, BatchWalk } from './rebatch.js';

export const first = (node: Node): string => node.inputs[0] as string;
export const resolve = (axis: number, shape: Shape): number => (axis < 0 ? axis + shape.length : axis);

/** Every output carries the batch in that axis. */
export const outputsAt = (node: Node, axis: number): BatchStep => ({
  axes: node.outputs.map((name) => (name ? axis : undefined)),
});

/** The axis of the first input, which alone may carry the batch. */
export const soleAxis = (node: Node, walk: BatchWalk): number => {
  const other = node.inputs.slice(1).find((name) => walk.axis(name) !== undefined);
  if (other !== undefined) walk.refuse(node, `'${other}' differs from sample to sample`);
  return walk.axis(first(node)) as number;
};

/** All inputs but these depend on no sample. */
export const othersShared = (node: Node, walk: BatchWalk, own: readonly number[]): void => {
  const other = node.inputs.find((name, i) => !own.includes(i) && walk.axis(name) !== undefined);
  if (other !== undefined) walk.refuse(node, `'${other}' differs from sample to sample`);
};

/**
 * The axis of the result that carries the batch where these inputs broadcast to `rank` dimensions: the same for all of
 * them that carry it, with the same extent a sample; the others have an extent of 1 there, or none.
 */
export const broadcastAxis = (node: Node, walk: BatchWalk, inputs: readonly string[], rank: number): number => {
  const places = inputs.map((name) => {
    const axis = walk.axis(name);
    return axis === undefined ? undefined : rank - walk.knownShape(node, name).length + axis;
  });
  const axis = places.find((place) => place !== undefined) as number;
  if (places.some((place) => place !== undefined && place !== axis))
    walk.refuse(node, 'its inputs carry the batch in different axes');
  const extent = (name: string): Dim | undefined => {
    const shape = walk.knownShape(node, name);
    return shape[axis - rank + shape.length];
  };
  const each = extent(inputs[places.indexOf(axis)] as string);
  inputs.forEach((name, i) => {
    const found = extent(name);
    const fits = places[i] === undefined ? found === undefined || found === 1 : found === each;
    if (!fits) walk.refuse(node, `'${name}' of shape ${shapeText(walk.shape(name))} does not repeat along the batch`);
  });
  return axis;
};
