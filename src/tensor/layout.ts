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
