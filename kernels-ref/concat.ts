import { forEachIndex, positionOf, type Reference } from './reference.js';

export const concat: Reference = (inputs, attributes, [output]) => {
  const shape = output!.shape;
  const axis = ((attributes.axis as number) + shape.length) % shape.length;
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
  let start = 0;
  for (const x of inputs) {
    forEachIndex(x!.shape, (index, at) => {
      const moved = index.with(axis, (index[axis] as number) + start);
      y[positionOf(moved, shape)] = x!.data[at] as number;
    });
    start += x!.shape[axis] as number;
  }
  return [y];
};
