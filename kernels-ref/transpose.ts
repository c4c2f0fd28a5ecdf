import { forEachIndex, positionOf, type Reference } from './reference.js';

export const transpose: Reference = ([x], attributes, [output]) => {
  const rank = x!.shape.length;
  const perm = (attributes.perm as readonly number[] | undefined) ?? x!.shape.map((_, axis) => rank - 1 - axis);
  const y = new Float64Array(x!.data.length);
  forEachIndex(output!.shape, (index, at) => {
    const from = new Array<number>(rank);
    perm.forEach((axis, k) => (from[axis] = index[k] as number));
    y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};
