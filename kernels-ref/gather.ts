import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Shape inference, which sees the indices here, has refused those out of range. */
export const gather: Reference = ([x, indices], attributes, [output]) => {
  const rank = x!.shape.length;
  const axis = ((attributes.axis as number) + rank) % rank;
  const picks = indices!.shape.length;
  const extent = x!.shape[axis] as number;
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const given = indices!.data[positionOf(index.slice(axis, axis + picks), indices!.shape)] as number;
    const picked = given < 0 ? given + extent : given;
    const from = [...index.slice(0, axis), picked, ...index.slice(axis + picks)];
    y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};
