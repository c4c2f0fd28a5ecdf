import type { Attributes } from '../src/graph/graph.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** Elements of an axis of x with the weights they have in one element of the result. */
type Neighbours = readonly (readonly [index: number, weight: number])[];

/** The place of element i of the resized axis on the axis of x (ONNX Resize). */
const coordinate = (mode: unknown, i: number, scale: number, before: number, after: number): number => {
  switch (mode) {
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return after === 1 ? 0 : (i * (before - 1)) / (after - 1);
    case 'pytorch_half_pixel':
      return after === 1 ? 0 : (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = after / (before * scale);
      const center = before / 2;
      return center * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    default:
      return (i + 0.5) / scale - 0.5;
  }
};

const nearest = (mode: unknown, x: number): number => {
  if (mode === 'floor') return Math.floor(x);
  if (mode === 'ceil') return Math.ceil(x);
  const tie = x - Math.floor(x) === 0.5;
  if (tie) return mode === 'round_prefer_ceil' ? Math.ceil(x) : Math.floor(x);
  return Math.round(x);
};

const neighboursOf = (x: number, before: number, attributes: Attributes): Neighbours => {
  const inside = (v: number): number => Math.max(0, Math.min(before - 1, v));
  if (attributes.mode === 'nearest') return [[inside(nearest(attributes.nearest_mode, x)), 1]];
  const low = Math.floor(x);
  const weight = x - low;
  return weight === 0
    ? [[inside(low), 1]]
    : [
        [inside(low), 1 - weight],
        [inside(low + 1), weight],
      ];
};

const CHANNELS_LAST_AXES = [0, 3, 1, 2];

/** The scale of each axis of x: given, common to all axes that keep their ratio, or the ratio of the extents. */
const scalesOf = (
  x: RefTensor,
  scales: RefTensor | undefined,
  sizes: RefTensor | undefined,
  a: Attributes,
  after: readonly number[],
): number[] => {
  const rank = x.shape.length;
  const axes = ((a.axes as readonly number[] | undefined) ?? x.shape.map((_, axis) => axis)).map((axis) => (axis + rank) % rank);
  const stored = axes.map((axis) => (a.channelsLast ? (CHANNELS_LAST_AXES[axis] as number) : axis));
  const result = x.shape.map((extent, axis) => (after[axis] as number) / extent);
  const wanted = stored.map((axis, i) => (sizes ? (sizes.data[i] as number) / (x.shape[axis] as number) : 1));
  stored.forEach((axis, i) => {
    if (scales && scales.data.length > 0) result[axis] = scales.data[i] as number;
    else if (a.keep_aspect_ratio_policy === 'not_larger') result[axis] = Math.min(...wanted);
    else if (a.keep_aspect_ratio_policy === 'not_smaller') result[axis] = Math.max(...wanted);
  });
  return result;
};

/** The sum over all combinations of neighbours, one of each axis. */
const weightedSum = (x: RefTensor, neighbours: readonly Neighbours[], chosen: readonly number[] = []): number => {
  const next = neighbours[chosen.length];
  if (!next) return x.data[positionOf(chosen, x.shape)] as number;
  const [only] = next;
  if (next.length === 1 && only) return weightedSum(x, neighbours, [...chosen, only[0]]);
  return next.reduce((sum, [i, weight]) => sum + weight * weightedSum(x, neighbours, [...chosen, i]), 0);
};

export const resize: Reference = ([x, , scales, sizes], attributes, [output]) => {
  const after = output!.shape;
  const scale = scalesOf(x!, scales, sizes, attributes, after);
  const neighbours = after.map((extent, axis) =>
    Array.from({ length: extent }, (_, i) => {
      const before = x!.shape[axis] as number;
      const at = coordinate(attributes.coordinate_transformation_mode, i, scale[axis] as number, before, extent);
      return neighboursOf(at, before, attributes);
    }),
  );
  const y = new Float64Array(after.reduce((a, b) => a * b, 1));
  forEachIndex(after, (index, at) => {
    y[at] = weightedSum(
      x!,
      index.map((i, axis) => neighbours[axis]![i] as Neighbours),
    );
  });
  return [y];
};
