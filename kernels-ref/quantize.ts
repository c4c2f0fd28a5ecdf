import { type DType, integerRange } from '../src/tensor/dtype.js';
import { roundHalfEven } from '../src/tensor/float16.js';
import type { RefTensor } from './reference.js';

/** The float32 nearest to v, which is the precision that quantization is defined in. */
export const f32 = Math.fround;

/** saturate(round(v) + zero), ties to even; NaN counts as 0. `bounds` are closer than those of the type. */
export const quantized = (v: number, zero: number, dtype: DType, bounds?: unknown): number => {
  const [low, high] = (bounds ?? integerRange(dtype)) as readonly [number, number];
  const whole = Number.isNaN(v) ? 0 : Number.isFinite(v) ? roundHalfEven(v) : v;
  return Math.min(high, Math.max(low, whole + zero));
};

/** The number of a scale or zero point that belongs to index i: it may be one number for all, and 0 when it is absent. */
export const at = (t: RefTensor | undefined, i: number): number => (t ? (t.data[t.data.length === 1 ? 0 : i] as number) : 0);
