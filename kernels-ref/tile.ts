import { forEachIndex, positionOf, type Reference } from './reference.js';

export const tile: Reference = ([x], _attributes, [output]) => {
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const from = index.map((i, axis) => i % (x!.shape[axis] as number));
    y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};
