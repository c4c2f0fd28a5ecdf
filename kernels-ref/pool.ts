import type { MaxPoolAttributes, PoolAttributes } from '../src/ops/pool.js';
import { slidingWindows } from '../src/tensor/window.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** The elements under one window, and how many positions of it are in the input or its padding. */
type Formula = (values: readonly number[], padded: number) => number;

export const pool =
  (formula: Formula): Reference =>
  ([x], attributes, [output]) => {
    const { channelsLast, kernel_shape, ceil_mode } = attributes as unknown as PoolAttributes;
    const [first, end] = channelsLast ? [1, x!.shape.length - 1] : [2, x!.shape.length];
    const windows = slidingWindows(x!.shape.slice(first, end), attributes as never, kernel_shape, ceil_mode);
    const y: number[] = [];
    forEachIndex(output!.shape, (to) => {
      const values: number[] = [];
      let padded = 0;
      forEachIndex(kernel_shape, (k) => {
        const at = windows.map((w, i) => to[first + i]! * w.stride - w.padBegin + k[i]! * w.dilation);
        const inside = windows.every((w, i) => at[i]! >= 0 && at[i]! < w.input);
        const from = to.map((position, axis) => at[axis - first] ?? position);
        if (inside) values.push(x!.data[positionOf(from, x!.shape)] as number);
        if (windows.every((w, i) => at[i]! < w.input + w.padEnd)) padded++;
      });
      y.push(formula(values, padded));
    });
    return [Float64Array.from(y)];
  };

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The mean under the window; count_include_pad counts the padding as zeros. */
export const averagePool: Reference = (inputs, attributes, outputs) =>
  pool((values, padded) => sum(values) / (attributes.count_include_pad ? padded : values.length))(inputs, attributes, outputs);

/** The largest element under the window; padding is -Infinity. */
const largest: Reference = pool((values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));

/** Where the first largest element (or NaN) under the window stands in x; planes count row by row or column by column. */
const indices: Reference = ([x], attributes, outputs) => {
  const a = attributes as unknown as MaxPoolAttributes;
  const extents = x!.shape.slice(2);
  const windows = slidingWindows(extents, a as never, a.kernel_shape, a.ceil_mode);
  const y: number[] = [];
  forEachIndex(outputs[1]!.shape, ([n, c, ...to]) => {
    let best = Number.NaN;
    let index = 0;
    let found = false;
    forEachIndex(a.kernel_shape, (k) => {
      const place = windows.map((w, i) => to[i]! * w.stride - w.padBegin + k[i]! * w.dilation);
      if (windows.some((w, i) => place[i]! < 0 || place[i]! >= w.input)) return;
      const v = x!.data[positionOf([n!, c!, ...place], x!.shape)] as number;
      if (found && (Number.isNaN(best) || v <= best)) return;
      found = true;
      best = v;
      const plane = n! * x!.shape[1]! + c!;
      const within = a.storage_order === 0 ? positionOf(place, extents) : positionOf(place.toReversed(), extents.toReversed());
      index = plane * extents.reduce((p, d) => p * d, 1) + within;
    });
    y.push(index);
  });
  return [Float64Array.from(y)];
};

export const maxPool: Reference = (inputs, attributes, outputs) => {
  const y = largest(inputs, attributes, outputs);
  return outputs.length > 1 ? [...y, ...indices(inputs, attributes, outputs)] : y;
};
