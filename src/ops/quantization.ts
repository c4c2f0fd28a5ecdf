import type { Value } from '../graph/graph.js';
import { toNumbers } from '../tensor/convert.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { type Dim, isConcrete, type Shape, shapeText, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type AttributeField, internal } from './attributes.js';
import { expectDim, fail } from './operator.js';

/**
 * Set by passes: [least, greatest] of the elements of the result, which an activation that follows makes closer than
 * those of the type.
 */
export const bounds = (): AttributeField<readonly number[] | undefined> => internal<readonly number[] | undefined>(undefined);

/** Types of quantized activations and weights that integer arithmetic takes. */
export const isByte = (dtype: DType): boolean => dtype === 'int8' || dtype === 'uint8';

/** The value, which must be of an 8-bit integer type. */
export const byteInput = (value: Value | undefined, what: string): Value => {
  if (!value) return fail(`${what} is missing`);
  return isByte(value.dtype) ? value : fail(`${what} must be int8 or uint8, got ${value.dtype}`);
};

/** Constants that were found to be good: shape inference runs after every pass. */
const checked = new WeakSet<Tensor>();

/** A scale: floats, all finite and positive where they are known. */
export const checkScale = (value: Value | undefined, what: string): Value => {
  if (!value) return fail(`${what} is missing`);
  const { dtype, tensor } = value;
  if (!isFloat(dtype)) fail(`${what} must be a float, got ${dtype}`);
  if (tensor && !checked.has(tensor)) {
    const wrong = toNumbers(dtype, tensor.data).find((scale) => !(scale > 0 && scale < Number.POSITIVE_INFINITY));
    if (wrong !== undefined) fail(`${what} must be finite and positive, got ${wrong}`);
    checked.add(tensor);
  }
  return value;
};

/** Floats that are all finite, where they are known: of either sign, and 0 for weights of which all are 0. */
export const checkFinite = (value: Value | undefined, what: string): void => {
  const { dtype, tensor } = value ?? {};
  if (!dtype || !tensor || checked.has(tensor)) return;
  const wrong = toNumbers(dtype, tensor.data).find((number) => !Number.isFinite(number));
  if (wrong !== undefined) fail(`${what} must be finite, got ${wrong}`);
  checked.add(tensor);
};

/** A zero point, where there is one, has the type of what it belongs to. */
export const checkZeroPoint = (value: Value | undefined, dtype: DType, what: string): void => {
  if (value && value.dtype !== dtype) fail(`${what} must be ${dtype}, got ${value.dtype}`);
};

/** A scale or zero point: one number, or one for each of `extent`. A symbol is taken on trust until it is bound. */
export const checkExtent = (value: Value | undefined, extent: Dim | undefined, what: string): void => {
  const shape = value?.shape;
  if (!shape || !isConcrete(shape) || sizeOf(shape) === 1) return;
  if (extent === undefined) fail(`${what} must be one number, got shape ${shapeText(shape)}`);
  expectDim(sizeOf(shape), extent, `the number of elements of ${what}`);
};

/** Scale and zero point of a whole tensor: one number each. */
export const checkQuantization = (
  scale: Value | undefined,
  zero: Value | undefined,
  dtype: DType,
  what: string,
  extent?: Dim,
): void => {
  checkExtent(checkScale(scale, `the scale of ${what}`), extent, `the scale of ${what}`);
  checkZeroPoint(zero, dtype, `the zero point of ${what}`);
  checkExtent(zero, extent, `the zero point of ${what}`);
};

/** True where a scale or zero point is one number for the whole tensor. */
export const isScalar = (shape: Shape | undefined): boolean => shape?.every((d) => d === 1) ?? false;
