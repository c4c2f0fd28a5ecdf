import { TilewiseError } from '../errors.js';
import { integerRange } from '../tensor/dtype.js';
import { roundHalfEven } from '../tensor/float16.js';

/** Integer types that numbers are quantized to. */
export type QuantizedType = 'int8' | 'uint8' | 'int4' | 'uint4';

/** Linear affine quantization: x = scale * (q - zeroPoint) for the integer q that stands for x. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The least and the most of some numbers. */
export type Range = readonly [low: number, high: number];

/** Smaller scales are no normal float32, and dividing by them is not defined on every GPU. */
const LEAST_SCALE = 2 ** -126;

/** [smallest, largest] integer. Symmetric ranges leave the smallest out, so that x and -x have the same magnitude. */
export const integersOf = (type: QuantizedType, symmetric: boolean): Range => {
  const [low, high] = integerRange(type) as Range;
  return symmetric ? [low + 1, high] : [low, high];
};

/** The integer that stands for 0 in symmetric quantization: 0, or the middle of an unsigned type. */
const middleOf = (type: QuantizedType): number => (type === 'uint8' ? 128 : type === 'uint4' ? 8 : 0);

/**
 * Scale and zero point for numbers of a range, which is widened to hold 0: padding and rectified values are 0 exactly.
 *
 *     asymmetric:  s = (high - low) / (qmax - qmin),  z = round(qmin - low / s)
 *     symmetric:   s = max(|low|, |high|) / qmax,     z = the middle
 *
 * (Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * section 2.1.) A range of 0 alone gets scale 1. Throws `invalid-argument` for bounds that are not finite.
 */
export const affineOf = ([low, high]: Range, type: QuantizedType, symmetric: boolean): Affine => {
  if (!(low <= high) || !Number.isFinite(low) || !Number.isFinite(high)) {
    throw new TilewiseError('invalid-argument', `numbers from ${low} to ${high} cannot be quantized`);
  }
  const [least, most] = [Math.min(low, 0), Math.max(high, 0)];
  const [first, last] = integersOf(type, symmetric);
  if (symmetric) {
    const zeroPoint = middleOf(type);
    return { scale: scaleOf(Math.max(-least, most) / (last - zeroPoint)), zeroPoint };
  }
  const scale = scaleOf((most - least) / (last - first));
  return { scale, zeroPoint: Math.min(last, Math.max(first, roundHalfEven(first - least / scale))) };
};

/** A float32 that can be divided by: 1 for a range without extent. */
const scaleOf = (scale: number): number => (scale === 0 ? 1 : Math.max(LEAST_SCALE, Math.fround(scale)));

/**
 * Which of two orders rounding takes, both to nearest with ties to even:
 *
 *     'round-then-shift'   q = round(x / s) + z    as ONNX's QuantizeLinear says; what models use
 *     'shift-then-round'   q = round(x / s + z)    as the textbook form of linear affine quantization is written
 *
 * They differ only where x / s lies halfway between two integers and z is odd: the first then gives the even quotient,
 * the second the even q. For x / s = 0.5 and z = 1 that is 1 and 2.
 */
export type Rounding = 'round-then-shift' | 'shift-then-round';

/** The integer that stands for x, saturated to the type. Quotients are float32, as models compute them. */
export const quantize = (
  x: number,
  { scale, zeroPoint }: Affine,
  type: QuantizedType,
  rounding: Rounding = 'round-then-shift',
): number => {
  const quotient = Math.fround(x / scale);
  const q = rounding === 'round-then-shift' ? roundHalfEven(quotient) + zeroPoint : roundHalfEven(quotient + zeroPoint);
  const [first, last] = integerRange(type) as Range;
  return Math.min(last, Math.max(first, q));
};

/** The number that q stands for: s * (q - z), in float32. */
export const dequantize = (q: number, { scale, zeroPoint }: Affine): number => Math.fround((q - zeroPoint) * scale);

/** The nearest number that the quantized type can state. */
export const requantized = (x: number, affine: Affine, type: QuantizedType): number =>
  dequantize(quantize(x, affine, type), affine);

/** The range of an array; throws `invalid-argument` naming `what` where it holds NaN or an infinity. */
export const rangeOf = (numbers: ArrayLike<number>, what: string): Range => {
  let [low, high] = [0, 0];
  for (let i = 0; i < numbers.length; i++) {
    const x = numbers[i] as number;
    if (!Number.isFinite(x)) throw new TilewiseError('invalid-argument', `${what} holds ${x}: it cannot be quantized`);
    if (x < low) low = x;
    if (x > high) high = x;
  }
  return [low, high];
};
