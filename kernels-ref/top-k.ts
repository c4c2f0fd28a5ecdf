import type { Reference } from './reference.js';

/** Ascending, NaN last. */
const compare = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b || 0;

export const topK: Reference = ([x], attributes, [output]) => {
  const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
  const extent = x!.shape[axis] as number;
  const k = output!.shape[axis] as number;
  const inner = x!.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const size = output!.shape.reduce((a, b) => a * b, 1);
  const [values, places] = [new Float64Array(size), new Float64Array(size)];
  const sign = attributes.largest ? -1 : 1;
  for (let line = 0; line < size / k; line++) {
    const at = (i: number, length: number): number => (Math.floor(line / inner) * length + i) * inner + (line % inner);
    const value = (i: number): number => x!.data[at(i, extent)] as number;
    const order = Array.from({ length: extent }, (_, i) => i).sort((a, b) => sign * compare(value(a), value(b)) || a - b);
    order.slice(0, k).forEach((place, i) => {
      values[at(i, k)] = value(place);
      places[at(i, k)] = place;
    });
  }
  return [values, places];
};
