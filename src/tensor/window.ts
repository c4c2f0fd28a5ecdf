import { TilewiseError } from '../errors.js';
import { addDims, type ConcreteShape, type Dim, type Shape } from './shape.js';

/** How convolution and pooling pad their input: by `pads`, not at all, or so that stride 1 keeps the size. */
export type AutoPad = 'NOTSET' | 'VALID' | 'SAME_UPPER' | 'SAME_LOWER';

/** Windows that slide over the spatial axes of a tensor, in the terms of the ONNX attributes. */
export interface WindowAttributes {
  readonly auto_pad: AutoPad;
  /** One number an axis; undefined stands for 1 everywhere. */
  readonly dilations: readonly number[] | undefined;
  readonly kernel_shape: readonly number[] | undefined;
  /** All begins, then all ends; undefined stands for 0 everywhere. */
  readonly pads: readonly number[] | undefined;
  /** One number an axis; undefined stands for 1 everywhere. */
  readonly strides: readonly number[] | undefined;
}

/** The window along one axis. Output position o covers input positions o * stride - padBegin + k * dilation, k < kernel. */
export interface Window {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  /** With ceil_mode the last window may reach beyond it. */
  readonly padEnd: number;
  readonly output: number;
}

/** What the attributes say of one axis, before the input's extent is looked at. */
interface Axis {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
  /** Elements from the first to the last that a window covers. */
  readonly reach: number;
}

/**
 * The windows over concrete extents, one an axis. Throws `invalid-model` where the attributes do not fit the axes or
 * the kernel, or the kernel is larger than the padded input.
 */
export const slidingWindows = (
  extents: ConcreteShape,
  attributes: WindowAttributes,
  kernel: readonly number[],
  ceilMode = false,
): Window[] =>
  axesOf(extents.length, attributes, kernel).map((axis, i) => {
    const input = extents[i] as number;
    const output = outputExtent(input, axis, attributes.auto_pad, ceilMode, i);
    const { stride, dilation } = axis;
    const window = { input, kernel: axis.kernel, stride, dilation, output };
    if (attributes.auto_pad === 'NOTSET') return { ...window, padBegin: axis.begin, padEnd: axis.end };
    if (attributes.auto_pad === 'VALID') return { ...window, padBegin: 0, padEnd: 0 };
    const total = Math.max(0, (output - 1) * stride + axis.reach - input);
    const less = Math.floor(total / 2);
    const padBegin = attributes.auto_pad === 'SAME_UPPER' ? less : total - less;
    return { ...window, padBegin, padEnd: total - padBegin };
  });

/** The output extents, for extents that may be symbols. Throws as `slidingWindows` does. */
export const outputExtents = (extents: Shape, attributes: WindowAttributes, kernel: readonly number[], ceilMode = false): Dim[] =>
  axesOf(extents.length, attributes, kernel).map((axis, i) => {
    const extent = extents[i] as Dim;
    if (typeof extent === 'number') return outputExtent(extent, axis, attributes.auto_pad, ceilMode, i);
    const { stride, begin, end, reach } = axis;
    if (attributes.auto_pad.startsWith('SAME')) return stride === 1 ? extent : `ceil((${extent})/${stride})`;
    if (stride === 1) return addDims(extent, begin + end - reach + 1);
    // The text is only compared: two windows of one text have one extent.
    return `window(${extent}; reach ${reach}, stride ${stride}, pads ${begin} ${end}${ceilMode ? ', ceil' : ''})`;
  });

const axesOf = (rank: number, attributes: WindowAttributes, kernel: readonly number[]): Axis[] => {
  const { auto_pad, kernel_shape, strides, dilations, pads } = attributes;
  expectLength('the kernel', kernel, rank);
  expectLength('kernel_shape', kernel_shape, rank);
  expectLength('strides', strides, rank);
  expectLength('dilations', dilations, rank);
  expectLength('pads', pads, 2 * rank);
  if (kernel_shape?.some((k, i) => k !== kernel[i])) {
    invalid(`kernel_shape [${kernel_shape.join(', ')}] differs from the kernel's extents [${kernel.join(', ')}]`);
  }
  if (auto_pad !== 'NOTSET' && pads?.some((pad) => pad !== 0)) invalid(`pads cannot be given together with auto_pad ${auto_pad}`);
  return kernel.map((size, i) => {
    const stride = positive('strides', strides?.[i] ?? 1);
    const dilation = positive('dilations', dilations?.[i] ?? 1);
    positive('kernel_shape', size);
    const [begin, end] = [pads?.[i] ?? 0, pads?.[rank + i] ?? 0];
    if (begin < 0 || end < 0) invalid(`pads must not be negative, got ${Math.min(begin, end)}`);
    return { kernel: size, stride, dilation, begin, end, reach: inRange((size - 1) * dilation + 1) };
  });
};

const outputExtent = (input: number, axis: Axis, autoPad: AutoPad, ceilMode: boolean, i: number): number => {
  const { stride, begin, end, reach } = axis;
  if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') return Math.ceil(input / stride);
  const padded = inRange(input + begin + end);
  if (padded < reach)
    invalid(`a kernel that reaches over ${reach} does not fit into ${padded} padded elements of spatial axis ${i}`);
  if (!ceilMode) return Math.floor((padded - reach) / stride) + 1;
  const output = Math.ceil((padded - reach) / stride) + 1;
  // The last window must begin inside the input or the padding before it.
  return (output - 1) * stride >= input + begin ? output - 1 : output;
};

const expectLength = (what: string, list: readonly number[] | undefined, length: number): void => {
  if (list && list.length !== length) invalid(`${what} must have ${length} elements, got ${list.length}`);
};

const positive = (what: string, value: number): number =>
  Number.isInteger(value) && value > 0 ? value : invalid(`${what} must be positive integers, got ${value}`);

/** Positions in the padded input are 32-bit integers on the device. */
const inRange = (value: number): number =>
  value < 2 ** 31 ? value : invalid(`a padded or dilated extent of ${value} is beyond 2^31`);

const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};
