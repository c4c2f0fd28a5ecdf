import type { Attributes } from '../src/graph/graph.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** Elements of an axis of x with the weights they have in one element of the result. */
type Neighbours = readonly (readonly [index: number, weight: number])[];

/** What the formulas need to know of an axis; start and end are the region of tf_crop_and_resize. */
interface Axis {
  readonly before: number;
  readonly after: number;
  readonly scale: number;
  readonly start: number;
  readonly end: number;
}

/** The place of element i of the resized axis on the axis of x (ONNX Resize). */
const coordinate = (mode: unknown, i: number, { before, after, scale, start, end }: Axis): number => {
  const isWhole = Math.abs(after - scale * before) / after < 1e-5;
  const length = isWhole ? after : scale * before;
  switch (mode) {
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return after === 1 ? 0 : (i * (before - 1)) / (length - 1);
    case 'pytorch_half_pixel':
      return after === 1 ? 0 : (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = after / (before * scale);
      const center = before / 2;
      return center * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'tf_crop_and_resize':
      return after === 1
        ? 0.5 * (start + end) * (before - 1)
        : start * (before - 1) + (i * (end - start) * (before - 1)) / (length - 1);
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

/** Keys's cubic: two polynomials, of distances up to 1 and up to 2. */
const cubic = (distance: number, a: number): number => {
  const d = Math.abs(distance);
  if (d < 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
  return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
};

/** Undefined where the place is outside of what tf_crop_and_resize can see. */
const neighboursOf = (x: number, { before, scale }: Axis, attributes: Attributes): Neighbours | undefined => {
  if (attributes.coordinate_transformation_mode === 'tf_crop_and_resize' && (x < 0 || x > before - 1)) return undefined;
  const inside = (v: number): number => Math.max(0, Math.min(before - 1, v));
  if (attributes.mode === 'nearest') return [[inside(nearest(attributes.nearest_mode, x)), 1]];
  // Shrinking with antialias, an element of the result sees more of x.
  const width = attributes.antialias && scale < 1 ? 1 / scale : 1;
  const weightOf = (i: number): number => {
    const distance = (x - i) / width;
    if (attributes.exclude_outside && inside(i) !== i) return 0;
    return attributes.mode === 'cubic'
      ? cubic(distance, attributes.cubic_coeff_a as number)
      : Math.max(0, 1 - Math.abs(distance));
  };
  const first = Math.floor(x - 2 * width);
  const all = Array.from({ length: Math.ceil(4 * width) + 2 }, (_, k): [number, number] => [first + k, weightOf(first + k)]);
  const sum = all.reduce((total, [, weight]) => total + weight, 0);
  return all.filter(([, weight]) => weight !== 0).map(([i, weight]) => [inside(i), weight / sum]);
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

/** [start, end] of every axis of x, where the model gives a region (starts, then ends) for some of them. */
const regionsOf = (x: RefTensor, roi: RefTensor | undefined, a: Attributes): [number, number][] => {
  const rank = x.shape.length;
  const regions = x.shape.map((): [number, number] => [0, 1]);
  if (a.coordinate_transformation_mode !== 'tf_crop_and_resize' || !roi) return regions;
  const axes = (a.axes as readonly number[] | undefined) ?? x.shape.map((_, axis) => axis);
  axes.forEach((axis, i) => {
    const logical = (axis + rank) % rank;
    const stored = a.channelsLast ? (CHANNELS_LAST_AXES[logical] as number) : logical;
    regions[stored] = [roi.data[i] as number, roi.data[axes.length + i] as number];
  });
  return regions;
};

export const resize: Reference = ([x, roi, scales, sizes], attributes, [output]) => {
  const extents = output!.shape;
  const scale = scalesOf(x!, scales, sizes, attributes, extents);
  const regions = regionsOf(x!, roi, attributes);
  const neighbours = extents.map((after, k) => {
    const [start, end] = regions[k] as [number, number];
    const axis: Axis = { before: x!.shape[k] as number, after, scale: scale[k] as number, start, end };
    const places = Array.from({ length: after }, (_, i) => coordinate(attributes.coordinate_transformation_mode, i, axis));
    return places.map((place) => neighboursOf(place, axis, attributes));
  });
  const y = new Float64Array(extents.reduce((a, b) => a * b, 1));
  forEachIndex(extents, (index, at) => {
    const chosen = index.map((i, axis) => neighbours[axis]?.[i]);
    const isInside = chosen.every((list) => list !== undefined);
    y[at] = isInside ? weightedSum(x!, chosen) : (attributes.extrapolation_value as number);
  });
  return [y];
};
