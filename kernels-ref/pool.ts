import type { PoolAttributes } from '../src/ops/pool.js';
import { slidingWindows } from '../src/tensor/window.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** The elements under one window, and how many positions of it are in the input or its padding. */
type Formula = (values: readonly number[], padded: number) => number;

const pool =
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
export const maxPool: Reference = pool((values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
