import type { Attributes } from '../src/graph/graph.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

const combine: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: (old, update) => Math.max(old, update),
  min: (old, update) => Math.min(old, update),
};

/** A place in y, with negative numbers counted from the end; undefined where it is outside. */
const placeIn = (shape: readonly number[], given: readonly number[]): readonly number[] | undefined => {
  const place = given.map((i, axis) => (i < 0 ? i + (shape[axis] as number) : i));
  return place.every((i, axis) => i >= 0 && i < (shape[axis] as number)) ? place : undefined;
};

const scatter = (
  data: RefTensor,
  updates: RefTensor,
  { reduction }: Attributes,
  placeOf: (index: readonly number[]) => readonly number[],
): Float64Array => {
  const y = data.data.slice();
  forEachIndex(updates.shape, (index, from) => {
    const place = placeIn(data.shape, placeOf(index));
    if (!place) return;
    const at = positionOf(place, data.shape);
    y[at] = combine[reduction as string]!(y[at] as number, updates.data[from] as number);
  });
  return y;
};

export const scatterElements: Reference = ([data, indices, updates], attributes) => {
  const axis = ((attributes.axis as number) + data!.shape.length) % data!.shape.length;
  const placeOf = (index: readonly number[]): number[] =>
    index.with(axis, indices!.data[positionOf(index, indices!.shape)] as number);
  return [scatter(data!, updates!, attributes, placeOf)];
};

export const scatterNd: Reference = ([data, indices, updates], attributes) => {
  const depth = indices!.shape.at(-1) as number;
  const leading = indices!.shape.length - 1;
  const placeOf = (index: readonly number[]): number[] => {
    const first = positionOf([...index.slice(0, leading), 0], indices!.shape);
    return [...indices!.data.slice(first, first + depth), ...index.slice(leading)];
  };
  return [scatter(data!, updates!, attributes, placeOf)];
};
