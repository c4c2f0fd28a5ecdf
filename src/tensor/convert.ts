import { TilewiseError } from '../errors.js';
import { arrayOf, type DType, deviceElement, integerRange, nativeFloat16Array, type TypedArray } from './dtype.js';
import { float16ToNumber, numberToFloat16 } from './float16.js';

/** The elements as float64 numbers. int64 beyond 2^53 loses its low bits. */
export const toNumbers = (dtype: DType, data: TypedArray): Float64Array => {
  const numbers = new Float64Array(data.length);
  if (dtype === 'float16' && !nativeFloat16Array) {
    for (let i = 0; i < data.length; i++) numbers[i] = float16ToNumber(data[i] as number);
  } else if (dtype === 'int64' || dtype === 'uint64') {
    for (let i = 0; i < data.length; i++) numbers[i] = Number(data[i]);
  } else {
    numbers.set(data as ArrayLike<number>);
  }
  return numbers;
};

/** Numbers rounded to the element type: floats to nearest even, integers truncated and saturated, bool to 0 or 1. */
export const fromNumbers = (dtype: DType, numbers: ArrayLike<number>): TypedArray => {
  const out = new (arrayOf(dtype))(numbers.length);
  const range = integerRange(dtype);
  if (dtype === 'bool') {
    for (let i = 0; i < numbers.length; i++) out[i] = numbers[i] ? 1 : 0;
  } else if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
    const signed = out instanceof BigInt64Array;
    for (let i = 0; i < numbers.length; i++) out[i] = saturateToBigInt(numbers[i] as number, signed);
  } else if (range) {
    for (let i = 0; i < numbers.length; i++) {
      out[i] = Math.min(range[1], Math.max(range[0], Math.trunc(numbers[i] as number)));
    }
  } else if (dtype === 'float16' && !nativeFloat16Array) {
    for (let i = 0; i < numbers.length; i++) out[i] = numberToFloat16(numbers[i] as number);
  } else {
    (out as Float32Array).set(numbers);
  }
  return out;
};

const saturateToBigInt = (value: number, signed: boolean): bigint => {
  const [low, high] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(high)) return high;
  return value <= Number(low) ? low : BigInt(Math.trunc(value));
};

/**
 * Host data in the device format: one 32-bit word an element (f32, i32 or u32, see `deviceElement`).
 * 64-bit integers outside the 32-bit range throw `invalid-feed`: they cannot be kept exactly.
 */
export const toDeviceWords = (dtype: DType, data: TypedArray, tensor: string): Float32Array | Int32Array | Uint32Array => {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint32Array) return data;
  const element = deviceElement(dtype);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    const out = element === 'i32' ? new Int32Array(data.length) : new Uint32Array(data.length);
    for (let i = 0; i < data.length; i++) {
      out[i] = Number(data[i]);
      if (BigInt(out[i] as number) !== data[i]) {
        throw new TilewiseError('invalid-feed', `${dtype} value ${data[i]} does not fit the GPU's 32-bit integers`, { tensor });
      }
    }
    return out;
  }
  if (element === 'i32') return Int32Array.from(data as Int8Array);
  if (element === 'u32') return Uint32Array.from(data as Uint8Array);
  return Float32Array.from(toNumbers(dtype, data));
};

/** Words in the device format as host data of the type. */
export const fromDeviceWords = (dtype: DType, words: ArrayBuffer, length: number): TypedArray => {
  const element = deviceElement(dtype);
  const source =
    element === 'f32'
      ? new Float32Array(words, 0, length)
      : element === 'i32'
        ? new Int32Array(words, 0, length)
        : new Uint32Array(words, 0, length);
  return source instanceof arrayOf(dtype) ? source : fromNumbers(dtype, source);
};
