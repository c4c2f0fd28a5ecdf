import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Of an odd number of elements to crop or to pad, the greater half is at the end. */
export const centerCropPad: Reference = ([x], _, [output]) => {
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const from = index.map((i, axis) => {
      const [before, after] = [x!.shape[axis] as number, output!.shape[axis] as number];
      return after > before ? i - Math.floor((after - before) / 2) : i + Math.floor((before - after) / 2);
    });
    if (from.every((i, axis) => i >= 0 && i < (x!.shape[axis] as number))) y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};
