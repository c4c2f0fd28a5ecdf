import { forEachIndex, type Reference } from './reference.js';

export const nonZero: Reference = ([x], { padded }) => {
  const shape = x!.shape.length === 0 ? [1] : x!.shape;
  const places: number[][] = [];
  forEachIndex(shape, (index, at) => {
    if (x!.data[at] !== 0) places.push([...index]);
  });
  const columns = padded ? x!.data.length : places.length;
  const y = new Float64Array(shape.length * columns);
  places.forEach((place, column) => {
    for (const [axis, i] of place.entries()) y[axis * columns + column] = i;
  });
  return padded ? [y, Float64Array.of(places.length)] : [y];
};
