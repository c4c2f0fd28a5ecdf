import { forEachIndex, positionOf, type Reference } from './reference.js';

/** y[n, c] = the mean of x[n, c, ...] over all positions. */
export const globalAveragePool: Reference = ([x], { channelsLast }) => {
  const y = pool(x!.shape, x!.data, channelsLast as boolean, 0, (sum, v) => sum + v);
  const positions = x!.data.length / y.length;
  return [y.map((sum) => sum / positions)];
};

/** y[n, c] = the largest of x[n, c, ...] over all positions. */
export const globalMaxPool: Reference = ([x], { channelsLast }) => [
  pool(x!.shape, x!.data, channelsLast as boolean, Number.NEGATIVE_INFINITY, Math.max),
];

const pool = (
  shape: readonly number[],
  data: Float64Array,
  channelsLast: boolean,
  initial: number,
  combine: (a: number, b: number) => number,
): Float64Array => {
  const channelAxis = channelsLast ? shape.length - 1 : 1;
  const output = [shape[0] as number, shape[channelAxis] as number];
  const y = new Float64Array(output[0]! * output[1]!).fill(initial);
  forEachIndex(shape, (index, at) => {
    const to = positionOf([index[0] as number, index[channelAxis] as number], output);
    y[to] = combine(y[to] as number, data[at] as number);
  });
  return y;
};
