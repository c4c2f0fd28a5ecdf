import { TilewiseError } from '../errors.js';
import { toNumbers } from '../tensor/convert.js';
import { type DType, deviceElement, integerRange } from '../tensor/dtype.js';
import type { Dispatch, Operand, TensorInfo } from './kernel.js';

const f32 = Math.fround;

/** The numbers of a scale or zero point, which the operator's `hostInputs` make known. */
export const numbersOf = (info: TensorInfo | undefined): readonly number[] =>
  info?.tensor ? [...toNumbers(info.dtype, info.tensor.data)] : [];

/** The one number of a scale or zero point of a whole tensor; 0 where it is absent. */
export const scalarOf = (info: TensorInfo | undefined): number => numbersOf(info)[0] ?? 0;

/** A factor as float32, which must stay a number there. */
export const factor = (value: number): number => {
  const rounded = f32(value);
  if (Number.isFinite(rounded)) return rounded;
  throw new TilewiseError('unsupported-model', 'the scales are so far apart that their quotient is no float32');
};

export const packedFloats = (layout: string, numbers: readonly number[]): Operand => ({
  packed: { layout, words: Float32Array.from(numbers) },
});

export const packedIntegers = (layout: string, numbers: readonly number[]): Operand => ({
  packed: { layout, words: Int32Array.from(numbers) },
});

/** [least, greatest] element of a result: of its type, or closer where an activation follows. */
export const boundsOf = (dtype: DType, bounds: unknown): readonly number[] =>
  (bounds as readonly number[] | undefined) ?? integerRange(dtype) ?? [0, 0];

/** left[i] * right[j] / divisor for all pairs, in float32 as the quantized operators define it. */
export const multiplierTable = (left: readonly number[], right: readonly number[], divisor: number | undefined): number[] =>
  left.flatMap((l) => right.map((r) => factor(divisor === undefined ? f32(l * r) : f32(l * r) / divisor)));

/** Params fields and the body of `finish` of a kernel whose int32 sums become elements of `dtype`. */
export const requantization = (
  dtype: DType,
  zero: number,
  bounds?: unknown,
): { readonly functions: Dispatch['functions'] & object; readonly params: { low: number; high: number; zero: number } } => {
  const [low, high] = (dtype === 'int32' ? [0, 0] : boundsOf(dtype, bounds)) as readonly [number, number];
  const params = { low, high, zero };
  if (dtype === 'int32') return { functions: {}, params };
  if (deviceElement(dtype) === 'f32') return { functions: { finish: 'return f32(sum) * factor;' }, params };
  // Beyond every range, but far from overflow.
  const steps = 'i32(clamp(round(f32(sum) * factor), -1e6, 1e6))';
  return { functions: { finish: `return Out(clamp(${steps} + params.zero, params.low, params.high));` }, params };
};
