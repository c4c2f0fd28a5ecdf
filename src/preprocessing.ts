import { mat3d } from 'wgpu-matrix';
import { TilewiseError } from './errors.js';
import { channelCount, type ImageAttributes, type ImageFilter } from './ops/image.js';
import { roundHalfEven } from './tensor/float16.js';
import { type Shape, shapeText } from './tensor/shape.js';

/**
 * How a picture becomes the input of a model. Every channel of a result is (value * scale - mean) / std, the value
 * from 0 to 255.
 *
 *     { "width": 224, "height": 224, "fit": "cover", "shortSide": 256, "filter": "area",
 *       "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225] }
 */
export interface Preprocessing {
  readonly width: number;
  readonly height: number;
  /** Order of the channels; gray is 0.299 red + 0.587 green + 0.114 blue. Default 'rgb'. */
  readonly channels?: 'rgb' | 'bgr' | 'gray';
  /** [1, C, H, W] or [1, H, W, C]. Default 'nchw'. */
  readonly layout?: 'nchw' | 'nhwc';
  /** 'stretch' to the size (the default), 'cover' it and cut off the rest, or 'contain' all within a background. */
  readonly fit?: 'stretch' | 'cover' | 'contain';
  /** With 'cover': resize the picture's short side to this many pixels, then take the centre (torchvision's Resize, CenterCrop). */
  readonly shortSide?: number;
  /** 'area' is Pillow's antialiased triangle filter, 'bilinear' has 2 x 2 taps. Default 'area'. */
  readonly filter?: ImageFilter;
  /** Default 1/255. */
  readonly scale?: number;
  /** One number, or one a channel, in the order of the channels. Default 0. */
  readonly mean?: number | readonly number[];
  /** One number, or one a channel, in the order of the channels. Default 1. */
  readonly std?: number | readonly number[];
  /** Gray, or [red, green, blue], from 0 to 255: what surrounds a contained picture and lies behind transparent pixels. Default 0. */
  readonly background?: number | readonly number[];
  /** Turn light into dark; 'auto' does so when the picture's border is light, for models of light strokes on black. Default false. */
  readonly invert?: boolean | 'auto';
}

/** Decoded pixels: RGBA, 8 bits a channel, row by row, alpha not premultiplied. An `ImageData` is one. */
export interface ImagePixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

type Check = (value: unknown) => boolean;
const positive: Check = (v) => typeof v === 'number' && Number.isFinite(v) && v > 0;
const extent: Check = (v) => Number.isInteger(v) && (v as number) > 0 && (v as number) <= 32768;
const oneOf =
  (...words: unknown[]): Check =>
  (v) =>
    words.includes(v);
const numbers =
  (good: Check): Check =>
  (v) =>
    good(v) || (Array.isArray(v) && (v.length === 1 || v.length === 3) && v.every(good));
const finite: Check = (v) => typeof v === 'number' && Number.isFinite(v);
const byte: Check = (v) => typeof v === 'number' && v >= 0 && v <= 255;

/** What each key may hold, and the words for it. */
const KEYS: Record<keyof Preprocessing, readonly [check: Check, wanted: string]> = {
  width: [extent, 'an integer from 1 to 32768'],
  height: [extent, 'an integer from 1 to 32768'],
  channels: [oneOf('rgb', 'bgr', 'gray'), '"rgb", "bgr" or "gray"'],
  layout: [oneOf('nchw', 'nhwc'), '"nchw" or "nhwc"'],
  fit: [oneOf('stretch', 'cover', 'contain'), '"stretch", "cover" or "contain"'],
  shortSide: [extent, 'an integer from 1 to 32768'],
  filter: [oneOf('nearest', 'bilinear', 'area'), '"nearest", "bilinear" or "area"'],
  scale: [positive, 'a positive number'],
  mean: [numbers(finite), 'a number or one for each channel'],
  std: [numbers(positive), 'a positive number or one for each channel'],
  background: [numbers(byte), 'a number from 0 to 255 or three of them'],
  invert: [oneOf(true, false, 'auto'), 'true, false or "auto"'],
};

const bad = (message: string, hint?: string): never => {
  throw new TilewiseError('invalid-argument', `preprocessing: ${message}`, hint === undefined ? {} : { hint });
};

/** Checks what a JSON file or a caller states. Unknown keys are refused. */
export const parsePreprocessing = (stated: unknown): Preprocessing => {
  if (typeof stated !== 'object' || stated === null || Array.isArray(stated)) bad('must be an object');
  const given = stated as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(KEYS, key)) bad(`'${key}' is not a known key`, `the keys are: ${Object.keys(KEYS).join(', ')}`);
    const [check, wanted] = KEYS[key as keyof Preprocessing];
    if (!check(value)) bad(`'${key}' must be ${wanted}, got ${JSON.stringify(value)}`);
  }
  for (const key of ['width', 'height']) if (given[key] === undefined) bad(`'${key}' is missing`);
  const result = given as unknown as Preprocessing;
  const count = channelCount(result.channels ?? 'rgb');
  for (const key of ['mean', 'std'] as const) {
    const value = result[key];
    if (Array.isArray(value) && value.length !== count) bad(`'${key}' has ${value.length} numbers for ${count} channels`);
  }
  const { shortSide, fit, width, height } = result;
  if (shortSide !== undefined && fit !== 'cover') bad('\'shortSide\' needs fit "cover"');
  if (shortSide !== undefined && shortSide < Math.max(width, height)) {
    bad(`'shortSide' ${shortSide} is smaller than the ${width} x ${height} cut out of it`);
  }
  return result;
};

/** Preprocessing for an input of this shape (1 or 3 channels, first or last), or undefined where it is not a picture's. */
export const defaultPreprocessing = (shape: Shape | undefined): Preprocessing | undefined => {
  const [a, b, c] = (shape?.length === 3 ? shape : shape?.length === 4 ? shape.slice(1) : []) as Shape;
  const isCount = (d: unknown): boolean => d === 1 || d === 3;
  const layout = isCount(a) ? 'nchw' : isCount(c) ? 'nhwc' : undefined;
  const [channels, height, width] = layout === 'nchw' ? [a, b, c] : [c, a, b];
  if (!layout || typeof width !== 'number' || typeof height !== 'number') return undefined;
  return { width, height, channels: channels === 1 ? 'gray' : 'rgb', layout };
};

interface Extent {
  readonly width: number;
  readonly height: number;
}

/** Size of the whole resized picture, and the place in it of the destination's first pixel (negative where padded). */
interface Placement {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
}

const placement = ({ width, height, fit = 'stretch', shortSide }: Preprocessing, source: Extent): Placement => {
  const ratios = [width / source.width, height / source.height] as const;
  const resized = (ratio: number, round: (v: number) => number): [number, number] => [
    Math.max(1, round(source.width * ratio)),
    Math.max(1, round(source.height * ratio)),
  ];
  const [w, h] =
    fit === 'stretch'
      ? [width, height]
      : fit === 'contain'
        ? resized(Math.min(...ratios), Math.round)
        : shortSide !== undefined
          ? shortSideResize(source, shortSide)
          : resized(Math.max(...ratios), Math.round);
  return { width: w, height: h, left: roundHalfEven((w - width) / 2), top: roundHalfEven((h - height) / 2) };
};

/** torchvision's Resize(int): the long side is truncated. */
const shortSideResize = ({ width, height }: Extent, side: number): [number, number] =>
  width <= height ? [side, Math.trunc((side * height) / width)] : [Math.trunc((side * width) / height), side];

/** The affine map from destination to source coordinates, as two rows of three. */
const matrixOf = (preprocessing: Preprocessing, source: Extent): number[] => {
  const { width, height, left, top } = placement(preprocessing, source);
  const m = mat3d.scaling([source.width / width, source.height / height]);
  mat3d.translate(m, [left, top], m);
  // Columns of a mat3 start at 0, 4 and 8.
  return [m[0], m[4], m[8], m[1], m[5], m[9]] as number[];
};

const filled = (value: number | readonly number[] | undefined, count: number, byDefault: number): number[] => {
  const list = typeof value === 'number' || value === undefined ? [value ?? byDefault] : value;
  return Array.from({ length: count }, (_, i) => list[list.length === 1 ? 0 : i] as number);
};

/** The attributes of the ImageToTensor node that brings this picture to the model; pixels are wanted for `invert: 'auto'` only. */
export const imageAttributes = (preprocessing: Preprocessing, image: ImagePixels | Extent): ImageAttributes => {
  const { width, height, channels = 'rgb', layout = 'nchw', filter = 'area', scale = 1 / 255 } = preprocessing;
  const inverted = preprocessing.invert === 'auto' ? hasLightBorder(pixelsOf(image)) : (preprocessing.invert ?? false);
  const count = channelCount(channels);
  const mean = filled(preprocessing.mean, count, 0);
  const std = filled(preprocessing.std, count, 1);
  // With v' = 255 - v the scale changes sign and moves into the offset; the background is stated as the model sees it.
  const sign = inverted ? -1 : 1;
  return {
    width,
    height,
    channels,
    layout,
    filter,
    matrix: matrixOf(preprocessing, image),
    gain: std.map((s) => (sign * scale) / s),
    offset: std.map((s, c) => ((inverted ? 255 * scale : 0) - (mean[c] as number)) / s),
    background: filled(preprocessing.background, 3, 0).map((v) => (inverted ? 255 - v : v)),
  };
};

const pixelsOf = (image: ImagePixels | Extent): ImagePixels =>
  'data' in image
    ? image
    : bad('\'invert\' "auto" looks at pixels on the host, and a video frame has none there', 'state true or false');

/** True where the pixels along the border are light on average; transparent ones count as white, as viewers show them. */
const hasLightBorder = ({ data, width, height }: ImagePixels): boolean => {
  let sum = 0;
  let count = 0;
  const look = (x: number, y: number): void => {
    const at = 4 * (y * width + x);
    const gray = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    sum += 255 + ((gray - 255) * data[at + 3]!) / 255;
    count++;
  };
  for (let x = 0; x < width; x++) for (const y of [0, height - 1]) look(x, y);
  for (let y = 0; y < height; y++) for (const x of [0, width - 1]) look(x, y);
  return sum / count > 127.5;
};

/** Refuses pixels that are not what their extents say. */
export const checkPixels = ({ data, width, height }: ImagePixels): void => {
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!bytes || !Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new TilewiseError('invalid-argument', 'an image is {data: RGBA bytes, width, height} with at least one pixel');
  }
  if (data.length !== 4 * width * height) {
    throw new TilewiseError(
      'invalid-argument',
      `an image of ${width} x ${height} has ${4 * width * height} bytes of RGBA, but the data has ${data.length}`,
    );
  }
};

/** One line that says what a preprocessing does, for people. */
export const describePreprocessing = (preprocessing: Preprocessing): string => {
  const { width, height, channels = 'rgb', layout = 'nchw', fit = 'stretch', scale = 1 / 255 } = preprocessing;
  const factor = Math.abs(scale * 255 - 1) < 1e-6 ? '1/255' : String(scale);
  return `${fit} to ${shapeText([height, width])}, ${channels}, ${layout}, scale ${factor}`;
};
