import type { LpPoolAttributes } from '../src/ops/lp-pool.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** The padding before the first element along a spatial axis (ONNX LpPool). */
const padOf = (a: LpPoolAttributes, axis: number, input: number, kernel: number, output: number): number => {
  if (a.auto_pad === 'NOTSET') return a.pads?.[axis] ?? 0;
  if (a.auto_pad === 'VALID') return 0;
  const reach = (kernel - 1) * (a.dilations?.[axis] ?? 1) + 1;
  const total = Math.max(0, (output - 1) * (a.strides?.[axis] ?? 1) + reach - input);
  return a.auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
};

export const lpPool: Reference = ([x], given, [output]) => {
  const a = given as LpPoolAttributes;
  const first = a.channelsLast ? 1 : 2;
  const pixels = (shape: readonly number[]): readonly number[] => shape.slice(first, first + shape.length - 2);
  const input = pixels(x!.shape);
  const kernel = a.kernel_shape ?? input;
  const pads = input.map((extent, i) =>
    a.kernel_shape ? padOf(a, i, extent, kernel[i] as number, pixels(output!.shape)[i] as number) : 0,
  );
  const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
  forEachIndex(output!.shape, (index, at) => {
    let sum = 0;
    forEachIndex(kernel, (tap) => {
      const pixel = tap.map(
        (k, i) => (index[first + i] as number) * (a.strides?.[i] ?? 1) - (pads[i] as number) + k * (a.dilations?.[i] ?? 1),
      );
      if (pixel.some((p, i) => p < 0 || p >= (input[i] as number))) return;
      const from = index.toSpliced(first, pixel.length, ...pixel);
      sum += Math.abs(x!.data[positionOf(from, x!.shape)] as number) ** a.p;
    });
    y[at] = sum ** (1 / a.p);
  });
  return [y];
};
