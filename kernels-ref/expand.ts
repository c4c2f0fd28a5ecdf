import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

export const expand: Reference = ([x], _attributes, [output]) => {
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    y[at] = x!.data[positionOf(broadcastIndex(index, x!.shape), x!.shape)] as number;
  });
  return [y];
};
