import { integerRange, isFloat } from '../src/tensor/dtype.js';
import type { Reference } from './reference.js';

/** v with only the low bits that the type keeps. */
const wrap = (v: number, [low, high]: readonly [number, number]): number => {
  const values = high - low + 1;
  return v >= low && v <= high ? v : ((((v - low) % values) + values) % values) + low;
};

/** Floats lose their fraction and saturate (see `fromNumbers`), in 32 bits for the 4-bit types; integers wrap; NaN becomes true, or the integer 0. */
export const cast: Reference = ([x], _attributes, [output]) => {
  const to = output!.dtype;
  const range = integerRange(to);
  if (to === 'bool') return [x!.data.map((v) => (v !== 0 ? 1 : 0))];
  if (range && isFloat(x!.dtype) && to.endsWith('int4')) {
    return [x!.data.map((v) => wrap(Math.trunc(Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), v || 0))), range))];
  }
  if (!range || isFloat(x!.dtype)) return [x!.data];
  return [x!.data.map((v) => wrap(v, range))];
};
