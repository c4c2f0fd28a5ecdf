import type { Attributes } from '../src/graph/graph.js';
import { at, f32, quantized } from './quantize.js';
import type { Reference } from './reference.js';

/** y = quantize(formula(dequantize(x))) */
const qlinearUnary =
  (formula: (v: number, attributes: Attributes) => number): Reference =>
  ([x, xScale, xZero, yScale, yZero], attributes, [output]) => [
    x!.data.map((v) => {
      const value = f32((v - at(xZero, 0)) * at(xScale, 0));
      return quantized(f32(f32(formula(value, attributes)) / at(yScale, 0)), at(yZero, 0), output!.dtype);
    }),
  ];

export const qlinearLeakyRelu = qlinearUnary((v, { alpha }) => (v < 0 ? v * f32(alpha as number) : v));
export const qlinearSigmoid = qlinearUnary((v) => 1 / (1 + Math.exp(-v)));
