import { forEachIndex, type Reference } from './reference.js';

export const nonZero: Reference = ([x]) => {
  const shape = x!.shape.length === 0 ? [1] : x!.shape;
  const places: number[][] = [];
  forEachIndex(shape, (index, at) => {
    if (x!.data[at] !== 0) places.push([...index]);
  });
  return [Float64Array.from(shape.flatMap((_, axis) => places.map((place) => place[axis] as number)))];
};
