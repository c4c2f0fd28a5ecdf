import type { Attributes } from '../graph/graph.js';
import { type AttributeSchema, int, internal, word } from './attributes.js';
import { defineOperator, fail, input } from './operator.js';

/** How a point of the picture becomes a colour. */
export type ImageFilter = 'nearest' | 'bilinear' | 'area';

export interface ImageAttributes extends Attributes {
  readonly width: number;
  readonly height: number;
  readonly channels: 'rgb' | 'bgr' | 'gray';
  readonly layout: 'nchw' | 'nhwc';
  readonly filter: ImageFilter;
  /** Two rows of an affine map: source x = m0 u + m1 v + m2, source y = m3 u + m4 v + m5, (u, v) a destination pixel's centre. */
  readonly matrix: readonly number[];
  /** For each channel: result = gain * value + offset, the value from 0 to 255. */
  readonly gain: readonly number[];
  readonly offset: readonly number[];
  /** Red, green and blue, 0 to 255, behind transparent pixels and outside of the picture. */
  readonly background: readonly number[];
}

/** Extents beyond this are taken for a mistake. */
const MAX_EXTENT = 2 ** 15;

const schema: AttributeSchema<ImageAttributes> = {
  width: int(undefined, 1, MAX_EXTENT),
  height: int(undefined, 1, MAX_EXTENT),
  channels: word(['rgb', 'bgr', 'gray'], 'rgb'),
  layout: word(['nchw', 'nhwc'], 'nchw'),
  filter: word(['nearest', 'bilinear', 'area'], 'bilinear'),
  matrix: internal<readonly number[]>([1, 0, 0, 0, 1, 0]),
  gain: internal<readonly number[]>([1, 1, 1]),
  offset: internal<readonly number[]>([0, 0, 0]),
  background: internal<readonly number[]>([0, 0, 0]),
};

export const channelCount = (channels: ImageAttributes['channels']): 1 | 3 => (channels === 'gray' ? 1 : 3);

const checkNumbers = (name: string, numbers: readonly number[], count: number): void => {
  if (numbers.length !== count || !numbers.every(Number.isFinite)) {
    fail(`attribute '${name}' must be ${count} finite numbers, got [${numbers.join(', ')}]`);
  }
};

/**
 * A picture, uint32 [height, width] of RGBA bytes (red lowest), resampled under an affine map, normalised and laid out
 * as a network wants it: float32 [1, C, H, W] or [1, H, W, C].
 *
 * Filters, with pixel (i, j) covering [i, i+1) x [j, j+1): `nearest` takes the pixel that holds the point (a point less
 * than 0.0007 before a border belongs to the next pixel, so that rounding decides nothing); `bilinear` weighs the four
 * pixel centres around it, clamped to the picture; `area` weighs all pixels by a triangle as wide as the downscale (at
 * least 1 to each side), which is the antialiased "bilinear" of Pillow and torchvision. Points outside are background.
 * Gray is 0.299 red + 0.587 green + 0.114 blue.
 */
export const imageToTensor = defineOperator<ImageAttributes>({
  name: 'ImageToTensor',
  attributes: schema,
  inputs: [1, 1],
  infer: (context) => {
    const pixels = input(context as never, 0);
    const { width, height, channels, layout, matrix, gain, offset, background } = context.attributes;
    const count = channelCount(channels);
    checkNumbers('matrix', matrix, 6);
    checkNumbers('gain', gain, count);
    checkNumbers('offset', offset, count);
    checkNumbers('background', background, 3);
    if (pixels.dtype !== 'uint32') fail(`pixels must be uint32, got ${pixels.dtype}`);
    if (pixels.shape && pixels.shape.length !== 2)
      fail(`pixels must have shape [height, width], got [${pixels.shape.join(', ')}]`);
    if (pixels.shape?.includes(0)) fail('the picture has no pixels');
    return [{ dtype: 'float32', shape: layout === 'nchw' ? [1, count, height, width] : [1, height, width, count] }];
  },
});
