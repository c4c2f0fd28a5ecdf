import type { Reference } from './reference.js';

export const cumSum: Reference = ([x, given], { exclusive, reverse }) => {
  const axis = ((given!.data[0] as number) + x!.shape.length) % x!.shape.length;
  const extent = x!.shape[axis] as number;
  const inner = x!.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const y = new Float64Array(x!.data.length);
  for (let line = 0; line < y.length / extent; line++) {
    let sum = 0;
    for (let step = 0; step < extent; step++) {
      const k = reverse ? extent - 1 - step : step;
      const at = (Math.floor(line / inner) * extent + k) * inner + (line % inner);
      const before = sum;
      sum += x!.data[at] as number;
      y[at] = exclusive ? before : sum;
    }
  }
  return [y];
};
