import { concat } from './concat.js';
import { at, f32, quantized } from './quantize.js';
import type { Reference, RefTensor } from './reference.js';

/** The inputs one after the other, each brought to the scale of y: quantize(dequantize(x)) */
export const qlinearConcat: Reference = ([yScale, yZero, ...rest], attributes, outputs) => {
  const { dtype } = outputs[0]!;
  const joined = rest.flatMap((x, i) => {
    if (i % 3 !== 0) return [];
    const data = x!.data.map((v) => {
      const value = f32((v - at(rest[i + 2], 0)) * at(rest[i + 1], 0));
      return quantized(f32(value / at(yScale, 0)), at(yZero, 0), dtype);
    });
    return [{ ...(x as RefTensor), data }];
  });
  return concat(joined, attributes, outputs);
};
