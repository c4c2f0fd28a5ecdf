import { TilewiseError } from '../errors.js';
import { type ConcreteShape, type Dim, mapDim, type Shape } from './shape.js';
import type { WindowAttributes } from './window.js';

/** The ONNX attributes of a transposed convolution; undefined lists stand for 0 (output_padding) or what follows. */
export interface TransposedWindowAttributes extends WindowAttributes {
  readonly output_padding: readonly number[] | undefined;
  readonly output_shape: readonly number[] | undefined;
}

/** Along one axis: input position i reaches output positions i * stride - padBegin + k * dilation, k < kernel. */
export interface TransposedWindow {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly output: number;
}

/** The windows over concrete extents, one an axis. Throws `invalid-model` where the attributes do not fit. */
export const transposedWindows = (
  extents: ConcreteShape,
  attributes: TransposedWindowAttributes,
  kernel: readonly number[],
): TransposedWindow[] => {
  checkLengths(attributes, kernel, extents.length);
  return extents.map((input, i) => transposedWindow(input, attributes, kernel, i));
};

/** The output extents, for extents that may be symbols. Throws as `transposedWindows` does. */
export const transposedExtents = (extents: Shape, attributes: TransposedWindowAttributes, kernel: readonly number[]): Dim[] => {
  checkLengths(attributes, kernel, extents.length);
  const { auto_pad, strides, dilations, pads, output_padding, output_shape } = attributes;
  return extents.map((extent, i) => {
    if (output_shape) return output_shape[i] as number;
    const numbers = [kernel[i], strides?.[i], dilations?.[i], pads?.[i], pads?.[kernel.length + i], output_padding?.[i]];
    // The text is only compared: two outputs of one text have one extent.
    return mapDim(extent, `transposed window ${numbers.join(' ')} ${auto_pad} `, (input) => {
      return transposedWindow(input, attributes, kernel, i).output;
    });
  });
};

const transposedWindow = (
  input: number,
  attributes: TransposedWindowAttributes,
  kernelShape: readonly number[],
  i: number,
): TransposedWindow => {
  const { auto_pad, strides, dilations, pads, output_padding, output_shape } = attributes;
  const rank = kernelShape.length;
  const kernel = atLeast(1, 'kernel_shape', kernelShape[i] as number);
  const stride = atLeast(1, 'strides', strides?.[i] ?? 1);
  const dilation = atLeast(1, 'dilations', dilations?.[i] ?? 1);
  const full = stride * (input - 1) + atLeast(0, 'output_padding', output_padding?.[i] ?? 0) + (kernel - 1) * dilation + 1;
  const window = { input, kernel, stride, dilation };
  const same = auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER';
  if (output_shape || same) {
    const output = inRange(output_shape ? (output_shape[i] as number) : input * stride);
    const total = Math.max(0, full - output);
    return { ...window, output, padBegin: auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2) };
  }
  const [begin, end] = auto_pad === 'VALID' ? [0, 0] : [pads?.[i] ?? 0, pads?.[rank + i] ?? 0];
  if (begin < 0 || end < 0) invalid(`pads must not be negative, got ${Math.min(begin, end)}`);
  const output = input === 0 ? 0 : inRange(full - begin - end);
  if (output < 0) invalid(`pads ${begin} and ${end} take more than the ${full} elements of spatial axis ${i}`);
  return { ...window, output, padBegin: begin };
};

const checkLengths = (attributes: TransposedWindowAttributes, kernel: readonly number[], rank: number): void => {
  const { auto_pad, kernel_shape, strides, dilations, pads, output_padding, output_shape } = attributes;
  const lists = { kernel_shape, strides, dilations, output_padding, output_shape, pads };
  for (const [name, list] of Object.entries({ ...lists, 'the kernel': kernel })) {
    const length = name === 'pads' ? 2 * rank : rank;
    if (list && list.length !== length) invalid(`${name} must have ${length} elements, got ${list.length}`);
  }
  if (kernel_shape?.some((k, i) => k !== kernel[i])) {
    invalid(`kernel_shape [${kernel_shape.join(', ')}] differs from the kernel's extents [${kernel.join(', ')}]`);
  }
  if (auto_pad !== 'NOTSET' && pads?.some((pad) => pad !== 0)) invalid(`pads cannot be given together with auto_pad ${auto_pad}`);
};

const atLeast = (least: number, what: string, value: number): number =>
  Number.isInteger(value) && value >= least ? value : invalid(`${what} must be integers of at least ${least}, got ${value}`);

/** Positions in the output, and beyond it by the kernel's reach, are 32-bit integers on the device. */
const inRange = (value: number): number => (value < 2 ** 30 ? value : invalid(`an extent of ${value} is beyond 2^30`));

const invalid = (message: string): never => {
  throw new TilewiseError('invalid-model', message);
};
