import { describe, expect, it } from 'vitest';
import {
  defaultPreprocessing,
  describePreprocessing,
  type ImagePixels,
  imageAttributes,
  type Preprocessing,
  parsePreprocessing,
} from '../../src/preprocessing.js';

const picture = (width: number, height: number, value = 0, alpha = 255): ImagePixels => ({
  data: Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? alpha : value)),
  width,
  height,
});

/** Source coordinates of a destination pixel's centre. */
const source = (preprocessing: Preprocessing, image: ImagePixels, u: number, v: number): number[] => {
  const [a, b, c, d, e, f] = imageAttributes(preprocessing, image).matrix as [number, number, number, number, number, number];
  return [a * (u + 0.5) + b * (v + 0.5) + c, d * (u + 0.5) + e * (v + 0.5) + f];
};

describe('preprocessing', () => {
  it.each([
    [null, 'must be an object'],
    [[], 'must be an object'],
    [{ width: 4 }, "'height' is missing"],
    [{ width: 0, height: 4 }, "'width' must be an integer"],
    [{ width: 4, height: 4.5 }, "'height' must be an integer"],
    [{ width: 4, height: 4, hight: 3 }, "'hight' is not a known key"],
    [{ width: 4, height: 4, constructor: 1 }, "'constructor' is not a known key"],
    [{ width: 4, height: 4, channels: 'rgba' }, '\'channels\' must be "rgb", "bgr" or "gray", got "rgba"'],
    [{ width: 4, height: 4, layout: 'chw' }, "'layout' must be"],
    [{ width: 4, height: 4, fit: 'crop' }, "'fit' must be"],
    [{ width: 4, height: 4, filter: 'cubic' }, "'filter' must be"],
    [{ width: 4, height: 4, scale: 0 }, "'scale' must be a positive number"],
    [{ width: 4, height: 4, std: [1, 0, 1] }, "'std' must be a positive number"],
    [{ width: 4, height: 4, mean: ['0'] }, "'mean' must be a number"],
    [{ width: 4, height: 4, mean: [0, 0] }, "'mean' must be a number"],
    [{ width: 4, height: 4, mean: [0] }, "'mean' has 1 numbers for 3 channels"],
    [{ width: 4, height: 4, channels: 'gray', std: [1, 1, 1] }, "'std' has 3 numbers for 1 channels"],
    [{ width: 4, height: 4, background: 256 }, "'background' must be"],
    [{ width: 4, height: 4, invert: 'yes' }, "'invert' must be"],
    [{ width: 4, height: 4, shortSide: 8 }, "'shortSide' needs fit"],
    [{ width: 4, height: 9, fit: 'cover', shortSide: 8 }, "'shortSide' 8 is smaller"],
  ])('refuses %j', (stated, message) => {
    expect(() => parsePreprocessing(stated)).toThrow(message);
  });

  it('describes the usual models', () => {
    const usual: Preprocessing[] = [
      { width: 28, height: 28, channels: 'gray', scale: 1 },
      { width: 28, height: 28, channels: 'gray', mean: [0.1307], std: [0.3081] },
      { width: 224, height: 224, fit: 'cover', shortSide: 256, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
      { width: 32, height: 32, layout: 'nhwc', scale: 1 },
      { width: 320, height: 240, scale: 1 / 128, mean: 127 / 128 },
      {
        width: 416,
        height: 416,
        channels: 'bgr',
        fit: 'contain',
        scale: 1,
        mean: [103.53, 116.28, 123.675],
        std: 57,
        background: 114,
      },
    ];
    for (const one of usual) expect(parsePreprocessing(JSON.parse(JSON.stringify(one)))).toEqual(one);
    expect(describePreprocessing(usual[3] as Preprocessing)).toBe('stretch to [32, 32], rgb, nhwc, scale 1');
  });

  it.each([
    [[1, 1, 28, 20], { width: 20, height: 28, channels: 'gray', layout: 'nchw' }],
    [[1, 3, 224, 224], { width: 224, height: 224, channels: 'rgb', layout: 'nchw' }],
    [[1, 32, 40, 3], { width: 40, height: 32, channels: 'rgb', layout: 'nhwc' }],
    [[3, 8, 9], { width: 9, height: 8, channels: 'rgb', layout: 'nchw' }],
    [['N', 3, 'H', 'W'], undefined],
    [[1, 4, 8, 8], undefined],
    [[1, 784], undefined],
    [undefined, undefined],
  ])('takes %j for %j', (shape, expected) => {
    expect(defaultPreprocessing(shape)).toEqual(expected);
  });

  it('stretches, covers and contains', () => {
    const wide = picture(40, 20);
    expect(source({ width: 8, height: 8 }, wide, 0, 0)).toEqual([2.5, 1.25]);
    // 40 x 20 becomes 16 x 8, of which columns 4 to 11 are kept.
    expect(source({ width: 8, height: 8, fit: 'cover' }, wide, 0, 0)).toEqual([11.25, 1.25]);
    // 40 x 20 becomes 8 x 4, under two rows of background.
    expect(source({ width: 8, height: 8, fit: 'contain' }, wide, 0, 2)).toEqual([2.5, 2.5]);
    expect(source({ width: 8, height: 8, fit: 'contain' }, wide, 0, 1)[1]).toBeLessThan(0);
  });

  it('cuts the centre out of a resized picture as torchvision does', () => {
    // A short side of 256 already: the picture itself.
    const crop: Preprocessing = { width: 224, height: 224, fit: 'cover', shortSide: 256 };
    expect(source(crop, picture(384, 256), 0, 0)).toEqual([80.5, 16.5]);
    // 300 x 200 -> 384 x 256, so a step is 0.78125; round((384 - 224) / 2) = 80.
    expect(source(crop, picture(300, 200), 0, 0)).toEqual([80.5 * 0.78125, 16.5 * 0.78125]);
    // 100 x 67 -> 382 (truncated from 382.09) x 256.
    expect(source(crop, picture(100, 67), 0, 0)[0]).toBeCloseTo((79.5 * 100) / 382, 10);
  });

  it('moves scale, mean, std and inversion into one product and one sum', () => {
    const { gain, offset } = imageAttributes({ width: 1, height: 1, mean: [0.5, 0.25, 0], std: [0.5, 0.25, 2] }, picture(1, 1));
    const value = (v: number, c: number): number => v * (gain[c] as number) + (offset[c] as number);
    expect([value(0, 0), value(255, 0)]).toEqual([-1, 1]);
    expect([value(0, 1), value(255, 1)]).toEqual([-1, 3]);
    expect([value(0, 2), value(255, 2)]).toEqual([0, 0.5]);
    const inverted = imageAttributes({ width: 1, height: 1, invert: true, background: [255, 0, 55] }, picture(1, 1));
    expect(inverted.gain[0]! * 255 + inverted.offset[0]!).toBeCloseTo(0, 12);
    expect(inverted.offset[0]).toBeCloseTo(1, 12);
    expect(inverted.background).toEqual([0, 255, 200]);
  });

  it('inverts a picture with a light border when told to look', () => {
    const auto: Preprocessing = { width: 2, height: 2, channels: 'gray', invert: 'auto' };
    const isInverted = (image: ImagePixels): boolean => (imageAttributes(auto, image).gain[0] as number) < 0;
    expect(isInverted(picture(5, 4, 250))).toBe(true);
    expect(isInverted(picture(5, 4, 20))).toBe(false);
    expect(isInverted(picture(5, 4, 0, 0))).toBe(true);
    const inkInside = picture(5, 4, 255);
    inkInside.data.fill(0, 4 * 6, 4 * 9);
    expect(isInverted(inkInside)).toBe(true);
  });
});
