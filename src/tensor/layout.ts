import { arrayOf, type DType, type TypedArray } from './dtype.js';
import type { ConcreteShape } from './shape.js';

/**
 * The two orders of a 4-D image tensor's axes. ONNX graphs arrive channels-first (NCHW); convolutional regions run
 * channels-last (NHWC), where the channels of a pixel are neighbours and load as vec4s.
 */
export const TO_CHANNELS_LAST: readonly number[] = [0, 2, 3, 1];
export const TO_CHANNELS_FIRST: readonly number[] = [0, 3, 1, 2];

/** Where each channels-first axis stands channels-last: C moves from 1 to 3. */
export const channelsLastAxis = (axis: number): number => TO_CHANNELS_FIRST[axis] as number;

export const permute = <T>(list: readonly T[], permutation: readonly number[]): T[] => permutation.map((axis) => list[axis] as T);

/** True where a permutation leaves the data in place: it keeps the order of all extents above 1. */
export const movesNoData = (shape: ConcreteShape, permutation: readonly number[]): boolean => {
  const moved = permutation.filter((axis) => shape[axis] !== 1);
  return moved.every((axis, i) => i === 0 || axis > (moved[i - 1] as number));
};

/** Strides in elements of the n, c, h and w axes of a 4-D tensor stored in either order; `shape` is in storage order. */
export const imageStrides = (shape: ConcreteShape, channelsLast: boolean): { n: number; c: number; h: number; w: number } => {
  const [, a = 1, b = 1, c = 1] = shape;
  return channelsLast ? { n: a * b * c, h: b * c, w: c, c: 1 } : { n: a * b * c, c: b * c, h: c, w: 1 };
};

/**
 * Packed storage of 8-bit integers: the last axis four elements to a 32-bit word, the first in the lowest byte, every row
 * in whole words. What the bytes beyond the last element hold is not defined. Channels-last, a word is four channels.
 */
export const PER_WORD = 4;

/** Words that a row of `extent` packed elements takes. */
export const packedWords = (extent: number): number => Math.ceil(extent / PER_WORD);

/** The shape that the words of a packed tensor have. */
export const packedShape = (shape: ConcreteShape): number[] => [...shape.slice(0, -1), packedWords(shape.at(-1) ?? 1)];

/** 32-bit words that a tensor takes on the device. */
export const deviceWords = (shape: ConcreteShape, packed = false): number =>
  (packed ? packedShape(shape) : shape).reduce((a, b) => a * b, 1);

/** Bytes of a row-major tensor as packed words. */
export const packBytes = (bytes: Int8Array | Uint8Array, shape: ConcreteShape): Uint32Array => {
  const words = new Uint32Array(deviceWords(shape, true));
  const out = new Uint8Array(words.buffer);
  const row = shape.at(-1) ?? 1;
  const pitch = PER_WORD * packedWords(row);
  bytes.forEach((byte, i) => {
    out[Math.floor(i / row) * pitch + (i % row)] = byte;
  });
  return words;
};

/** The elements of packed words, row-major. */
export const unpackBytes = (dtype: DType, words: ArrayBuffer, shape: ConcreteShape): TypedArray => {
  const bytes = new Uint8Array(words);
  const row = shape.at(-1) ?? 1;
  const pitch = PER_WORD * packedWords(row);
  const elements = new (arrayOf(dtype))(shape.reduce((a, b) => a * b, 1)) as Uint8Array;
  // An Int8Array takes the byte 255 as -1.
  for (let i = 0; i < elements.length; i++) elements[i] = bytes[Math.floor(i / row) * pitch + (i % row)] as number;
  return elements;
};
