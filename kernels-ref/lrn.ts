import { forEachIndex, positionOf, type Reference } from './reference.js';

/** y[c] = x[c] / (bias + alpha / size * sum over j of x[j]^2)^beta, j from c - floor((size-1)/2) to c + ceil((size-1)/2) */
export const lrn: Reference = ([x], attributes) => {
  const { alpha, beta, bias, size, channelsLast } = attributes as Record<string, number>;
  const { shape, data } = x!;
  const axis = channelsLast ? shape.length - 1 : 1;
  const channels = shape[axis] as number;
  const y = new Float64Array(data.length);
  forEachIndex(shape, (index, at) => {
    const c = index[axis] as number;
    const first = Math.max(0, c - Math.floor((size! - 1) / 2));
    const last = Math.min(channels - 1, c + Math.ceil((size! - 1) / 2));
    let sum = 0;
    for (let j = first; j <= last; j++) sum += (data[positionOf(index.with(axis, j), shape)] as number) ** 2;
    y[at] = (data[at] as number) / (bias! + (alpha! / size!) * sum) ** beta!;
  });
  return [y];
};
