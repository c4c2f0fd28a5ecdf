import { type Shape, shapeText } from '../tensor/shape.js';
import { first, outputsAt, resolve, soleAxis } from './batch-axes.js';
import type { BatchRule } from './rebatch.js';

const product = (dims: Shape): string => {
  const numbers = dims.filter((d) => typeof d === 'number').reduce((a, b) => a * b, 1);
  const symbols = dims.filter((d) => typeof d === 'string').sort();
  return [numbers, ...symbols].join('*');
};

/**
 * Another shape for the same elements, written as a Reshape whose -1 takes the batch: the axis before which there are as
 * many elements as before the batch.
 */
export const reshape: BatchRule = (node, walk) => {
  const [before, after] = [first(node), node.outputs[0]].map((name) => walk.knownShape(node, name)) as [Shape, Shape];
  const outer = product(before.slice(0, soleAxis(node, walk)));
  const axis = after.findIndex((_, k) => product(after.slice(0, k)) === outer);
  if (axis < 0 || before.includes(0))
    walk.refuse(node, `${shapeText(before)} to ${shapeText(after)} mixes the batch with other axes`);
  const extents = after.map((d, k) => {
    if (k === axis) return -1;
    if (typeof d === 'number') return d;
    return before[k] === d ? 0 : walk.refuse(node, `the extent ${d} is not known`);
  });
  const target = walk.addInts(`${node.name}.shape`, extents);
  return { axes: [axis], node: { ...node, op: 'Reshape', inputs: [first(node), target], attributes: { allowzero: false } } };
};

export const transpose: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const perm = node.attributes.perm as readonly number[] | undefined;
  return outputsAt(node, perm ? perm.indexOf(axis) : walk.knownShape(node, first(node)).length - 1 - axis);
};

export const concat: BatchRule = (node, walk) => {
  const axis = walk.axis(node.inputs.find((name) => walk.axis(name) !== undefined)) as number;
  const shape = walk.knownShape(node, node.outputs[0]);
  if (resolve(node.attributes.axis as number, shape) === axis) walk.refuse(node, 'it joins along the batch');
  const inputs = node.inputs.map((name) => {
    if (walk.axis(name) === undefined) return walk.widen(node, name, axis);
    return walk.axis(name) === axis ? name : walk.refuse(node, 'its inputs carry the batch in different axes');
  });
  return { axes: [axis], node: { ...node, inputs } };
};

/** A slice that takes all of the batch's axis is written without it: its end counts one sample. */
export const slice: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const shape = walk.knownShape(node, first(node));
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => walk.numbers(node.inputs[i]));
  if (!starts || !ends || (node.inputs[3] && !axes) || (node.inputs[4] && !steps))
    return walk.refuse(node, 'its bounds are not constants');
  const all = axes?.map((given) => resolve(given, shape)) ?? starts.map((_, i) => i);
  const at = all.indexOf(axis);
  if (at < 0) return outputsAt(node, axis);
  const extent = shape[axis] as number;
  const [from, to, step] = [starts[at] as number, ends[at] as number, steps?.[at] ?? 1];
  if (!((from === 0 || from <= -extent) && to >= extent && step === 1)) walk.refuse(node, 'it takes a part of the batch');
  if (all.length === 1) return { axes: [axis], node: { ...node, op: 'Identity', inputs: [first(node)], attributes: {} } };
  const lists = [starts, ends, all, steps ?? starts.map(() => 1)].map((list, i) =>
    walk.addInts(`${node.name}.bounds${i}`, list.toSpliced(at, 1)),
  );
  return { axes: [axis], node: { ...node, inputs: [first(node), ...lists] } };
};

export const gather: BatchRule = (node, walk) => {
  const [x, indices] = node.inputs as [string, string];
  const [shape, picked] = [walk.knownShape(node, x), walk.knownShape(node, indices)];
  const axis = resolve(node.attributes.axis as number, shape);
  const [ofData, ofIndices] = [walk.axis(x), walk.axis(indices)];
  if (ofData === undefined) return outputsAt(node, axis + (ofIndices as number));
  if (ofIndices !== undefined) walk.refuse(node, 'both its inputs differ from sample to sample');
  if (ofData !== axis) return outputsAt(node, ofData < axis ? ofData : ofData - 1 + picked.length);
  // The one sample, picked out of a batch of one.
  const one = shape[axis] === 1 && picked.every((d) => d === 1) && walk.numbers(indices);
  return one ? reshape({ ...node, inputs: [x] }, walk) : walk.refuse(node, 'it picks from the batch');
};

/** Full lists of extents have 1 in the place of the batch: Expand keeps the extent there. */
export const expand: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const extents = walk.numbers(node.inputs[1]);
  const shape = walk.knownShape(node, first(node));
  if (!extents) return walk.refuse(node, 'its shape is not a constant');
  const rank = Math.max(shape.length, extents.length);
  const at = axis + rank - shape.length;
  const place = at - rank + extents.length;
  const asked = extents[place] ?? 1;
  if (asked !== 1 && asked !== shape[axis]) walk.refuse(node, 'it repeats along the batch');
  const target = walk.addInts(`${node.name}.shape`, place < 0 ? extents : extents.with(place, 1));
  return { axes: [at], node: { ...node, inputs: [first(node), target] } };
};

export const tile: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  return walk.numbers(node.inputs[1])?.[axis] === 1 ? outputsAt(node, axis) : walk.refuse(node, 'it repeats along the batch');
};

export const pad: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const shape = walk.knownShape(node, first(node));
  const pads = walk.numbers(node.inputs[1]);
  const axes = node.inputs[3] ? walk.numbers(node.inputs[3])?.map((k) => resolve(k, shape)) : shape.map((_, k) => k);
  if (!pads || !axes) return walk.refuse(node, 'its pads are not constants');
  const at = axes.indexOf(axis);
  const pads0 = at < 0 || (pads[at] === 0 && pads[at + axes.length] === 0);
  return pads0 ? outputsAt(node, axis) : walk.refuse(node, 'it pads the batch');
};

/** Sizes for all axes are written without the batch's: there the extent is not a number. */
export const resize: BatchRule = (node, walk) => {
  const axis = soleAxis(node, walk);
  const shape = walk.knownShape(node, first(node));
  const { axes: given, coordinate_transformation_mode: mode, keep_aspect_ratio_policy: policy } = node.attributes;
  const axes = (given as readonly number[] | undefined)?.map((k) => resolve(k, shape)) ?? shape.map((_, k) => k);
  const at = axes.indexOf(axis);
  if (at < 0) return outputsAt(node, axis);
  const [scales, sizes] = [walk.numbers(node.inputs[2]), walk.numbers(node.inputs[3])];
  if (mode === 'tf_crop_and_resize' || policy !== 'stretch') walk.refuse(node, 'its region or proportions include the batch');
  if (scales?.length) return scales[at] === 1 ? outputsAt(node, axis) : walk.refuse(node, 'it resizes the batch');
  if (sizes?.[at] !== shape[axis]) walk.refuse(node, 'it resizes the batch');
  const rest = walk.addInts(`${node.name}.sizes`, (sizes as number[]).toSpliced(at, 1));
  const inputs = [node.inputs[0] as string, '', '', rest];
  return { axes: [axis], node: { ...node, inputs, attributes: { ...node.attributes, axes: axes.toSpliced(at, 1) } } };
};
