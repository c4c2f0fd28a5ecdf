import type { Reference } from './reference.js';

export const hardmax: Reference = ([x], attributes) => {
  const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
  const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
  const extent = attributes.toEnd ? product(x!.shape.slice(axis)) : (x!.shape[axis] as number);
  const inner = attributes.toEnd ? 1 : product(x!.shape.slice(axis + 1));
  const y = new Float64Array(x!.data.length);
  for (let line = 0; line < y.length / extent; line++) {
    const places = Array.from({ length: extent }, (_, k) => (Math.floor(line / inner) * extent + k) * inner + (line % inner));
    const values = places.map((at) => x!.data[at] as number);
    const firstNan = values.findIndex(Number.isNaN);
    const best = firstNan >= 0 ? firstNan : values.indexOf(Math.max(...values));
    y[places[best] as number] = 1;
  }
  return [y];
};
