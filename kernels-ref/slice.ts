import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Python's slices: the output's extents say how many elements are taken, the starts and steps which. */
export const slice: Reference = ([x, starts, , axes, steps], _attributes, [output]) => {
  const first = x!.shape.map(() => 0);
  const step = x!.shape.map(() => 1);
  starts!.data.forEach((start, i) => {
    const axis = axes ? ((axes.data[i] as number) + x!.shape.length) % x!.shape.length : i;
    const extent = x!.shape[axis] as number;
    first[axis] = Math.max(0, Math.min(extent - 1, start < 0 ? start + extent : start));
    step[axis] = steps ? (steps.data[i] as number) : 1;
  });
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const from = index.map((i, axis) => (first[axis] as number) + i * (step[axis] as number));
    y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};
