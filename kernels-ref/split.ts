import { forEachIndex, positionOf, type Reference } from './reference.js';

export const split: Reference = ([x], attributes, outputs) => {
  const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
  let start = 0;
  return outputs.map(({ shape }) => {
    const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
    forEachIndex(shape, (index, at) => {
      const moved = index.with(axis, (index[axis] as number) + start);
      y[at] = x!.data[positionOf(moved, x!.shape)] as number;
    });
    start += shape[axis] as number;
    return y;
  });
};
