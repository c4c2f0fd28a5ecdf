import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Indices computed at run time are clamped into the range. */
export const gatherElements: Reference = ([x, indices], attributes) => {
  const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
  const extent = x!.shape[axis] as number;
  const y = new Float64Array(indices!.data.length);
  forEachIndex(indices!.shape, (index, at) => {
    const given = indices!.data[at] as number;
    const picked = Math.max(0, Math.min(extent - 1, given < 0 ? given + extent : given));
    y[at] = x!.data[positionOf(index.with(axis, picked), x!.shape)] as number;
  });
  return [y];
};
