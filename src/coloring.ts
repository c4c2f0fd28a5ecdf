import { TilewiseError } from './errors.js';
import { type Preprocessing, parsePreprocessing } from './preprocessing.js';
import { isFloat } from './tensor/dtype.js';
import { shapeText } from './tensor/shape.js';
import type { Tensor } from './tensor/tensor.js';

/**
 * How the numbers of a tensor are colours: what its `imageToTensor` was given, or as much of it as is not the default. A
 * value from 0 to 255 is (x * std + mean) / scale. Channels are 'gray' for one and 'rgb' for more where absent; `scale` is
 * 1/255, and for integers 1. A fourth channel is opacity, to which neither `mean` nor `std` applies. `width` and `height`,
 * where given, must be the tensor's; what tells how the picture was resized is of no account.
 */
export type ColorOptions = Partial<Preprocessing>;

/** A picture in a tensor: where its elements lie, and for red, green, blue and opacity which channel shows them. */
export interface Coloring {
  readonly width: number;
  readonly height: number;
  readonly hasOpacity: boolean;
  readonly strides: { readonly channel: number; readonly pixel: number };
  readonly channels: readonly number[];
  /** Colours from 0 to 1 are gain * x + offset. */
  readonly gain: readonly number[];
  readonly offset: readonly number[];
}

const bad = (message: string, hint?: string): never => {
  throw new TilewiseError('invalid-argument', message, hint === undefined ? {} : { hint });
};

/** Throws `invalid-argument` where the tensor is no picture or the options do not fit it. */
export const coloringOf = (tensor: Tensor, options: ColorOptions = {}): Coloring => {
  const { type } = tensor;
  if (!isFloat(type) && type !== 'uint8') bad(`a picture has elements of a float type or uint8, not ${type}`);
  const { layout = 'nchw' } = options;
  const { count, width, height } = extentsOf(tensor.dims, layout);
  const how = parsePreprocessing({ channels: count === 1 ? 'gray' : 'rgb', width, height, ...options });
  if (how.width !== width || how.height !== height) {
    bad(`the picture is ${width} x ${height} pixels, but the options say ${how.width} x ${how.height}`);
  }
  const { channels: colors = 'rgb', scale = isFloat(type) ? 1 / 255 : 1, invert = false } = how;
  if ((colors === 'gray') !== (count === 1)) bad(`a tensor of ${count} channel${count === 1 ? '' : 's'} is not '${colors}'`);
  if (invert === 'auto') bad('\'invert\' "auto" says nothing of a finished picture', 'state true or false');
  const order = colors === 'gray' ? [0, 0, 0] : colors === 'bgr' ? [2, 1, 0] : [0, 1, 2];
  const of = (numbers: number | readonly number[] | undefined, c: number, byDefault: number): number =>
    typeof numbers === 'object' ? ((numbers.length === 1 ? numbers[0] : numbers[c]) as number) : (numbers ?? byDefault);
  const sign = invert ? -1 : 1;
  const hasOpacity = count === 4;
  return {
    width,
    height,
    hasOpacity,
    strides: layout === 'nchw' ? { channel: width * height, pixel: 1 } : { channel: 1, pixel: count },
    channels: [...order, hasOpacity ? 3 : 0],
    gain: [...order.map((c) => (sign * of(how.std, c, 1)) / scale / 255), 1 / scale / 255],
    offset: [...order.map((c) => (invert ? 1 : 0) + (sign * of(how.mean, c, 0)) / scale / 255), 0],
  };
};

const extentsOf = (
  dims: readonly number[],
  layout: unknown,
): { readonly count: number; readonly width: number; readonly height: number } => {
  const [batch, ...image] = dims.length === 3 ? [1, ...dims] : dims;
  const [count, height, width] = (layout === 'nhwc' ? [image[2], image[0], image[1]] : image) as [number, number, number];
  if (dims.length !== 3 && dims.length !== 4) bad(`a picture has 3 or 4 dimensions, not ${shapeText(dims)}`);
  if (batch !== 1) bad(`${shapeText(dims)} is ${batch} pictures, and one is drawn`, 'give each sample as a tensor of its own');
  if (![1, 3, 4].includes(count)) {
    const other = layout === 'nhwc' ? 'nchw' : 'nhwc';
    bad(`${shapeText(dims)} has ${count} channels, and a picture has 1, 3 or 4`, `is its layout '${other}'?`);
  }
  if (width * height === 0) bad(`${shapeText(dims)} has no pixels`);
  return { count, width, height };
};
