import { fromNumbers } from '../tensor/convert.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** Pseudo-random numbers in [0, 1), the same for the same seed (xorshift32 of Marsaglia). */
const generator = (seed: number): (() => number) => {
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
};

/** Random data for an input: floats from -1 to 1, integers and booleans 0 or 1. */
export const randomTensor = (dtype: DType, shape: readonly number[], seed: number): Tensor => {
  const next = generator(seed);
  const value = isFloat(dtype) ? () => 2 * next() - 1 : () => Math.round(next());
  return new Tensor(dtype, fromNumbers(dtype, Array.from({ length: sizeOf(shape) }, value)), shape);
};
