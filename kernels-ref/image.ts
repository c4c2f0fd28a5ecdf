import type { ImageAttributes } from '../src/ops/image.js';
import type { Reference, RefTensor } from './reference.js';

type Color = readonly [red: number, green: number, blue: number];

/** A point of the picture has the colour of a weighted mean of pixels: indices along one axis, and their weights. */
type Taps = readonly { readonly at: number; readonly weight: number }[];

const clamp = (v: number, low: number, high: number): number => Math.max(low, Math.min(high, v));

/** The pixels along one axis that a point is made of; `step` is how far the point moves from one result to the next. */
const tapsOf: Record<ImageAttributes['filter'], (point: number, extent: number, step: number) => Taps> = {
  nearest: (point, extent) => [{ at: clamp(Math.floor(point + 0.0007), 0, extent - 1), weight: 1 }],
  bilinear: (point, extent) => {
    const left = Math.floor(point - 0.5);
    const rest = point - 0.5 - left;
    return [
      { at: clamp(left, 0, extent - 1), weight: 1 - rest },
      { at: clamp(left + 1, 0, extent - 1), weight: rest },
    ];
  },
  area: (point, extent, step) => {
    const support = Math.max(1, step);
    const taps = Array.from({ length: extent }, (_, at) => ({
      at,
      weight: Math.max(0, 1 - Math.abs(at + 0.5 - point) / support),
    }));
    const sum = taps.reduce((total, { weight }) => total + weight, 0);
    return taps.map(({ at, weight }) => ({ at, weight: weight / sum }));
  },
};

/** The colour of a pixel over the background. */
const colorAt = (pixels: RefTensor, x: number, y: number, background: readonly number[]): Color => {
  const word = pixels.data[y * (pixels.shape[1] as number) + x] as number;
  const [red, green, blue, alpha] = [0, 8, 16, 24].map((shift) => (word >>> shift) & 255) as [number, number, number, number];
  const over = (value: number, behind: number): number => behind + ((value - behind) * alpha) / 255;
  const [r, g, b] = background as Color;
  return [over(red, r), over(green, g), over(blue, b)];
};

const channelsOf: Record<ImageAttributes['channels'], (color: Color) => readonly number[]> = {
  rgb: (color) => color,
  bgr: ([red, green, blue]) => [blue, green, red],
  gray: ([red, green, blue]) => [0.299 * red + 0.587 * green + 0.114 * blue],
};

/** A picture, resampled under an affine map and normalised (see src/ops/image.ts for the filters). */
export const imageToTensor: Reference = ([pixels], attributes) => {
  const { width, height, channels, layout, filter, matrix, gain, offset, background } = attributes as ImageAttributes;
  const [a, b, c, d, e, f] = matrix as [number, number, number, number, number, number];
  const [sourceHeight, sourceWidth] = pixels!.shape as [number, number];
  const count = gain.length;
  const y = new Float64Array(count * height * width);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const px = a * (u + 0.5) + b * (v + 0.5) + c;
      const py = d * (u + 0.5) + e * (v + 0.5) + f;
      const color = [0, 0, 0];
      if (px >= 0 && py >= 0 && px < sourceWidth && py < sourceHeight) {
        for (const row of tapsOf[filter](py, sourceHeight, Math.hypot(d, e))) {
          for (const column of tapsOf[filter](px, sourceWidth, Math.hypot(a, b))) {
            const pixel = colorAt(pixels!, column.at, row.at, background);
            pixel.forEach((value, i) => (color[i]! += row.weight * column.weight * value));
          }
        }
      } else background.forEach((value, i) => (color[i] = value));
      channelsOf[channels](color as unknown as Color).forEach((value, channel) => {
        const at = layout === 'nchw' ? (channel * height + v) * width + u : (v * width + u) * count + channel;
        y[at] = value * (gain[channel] as number) + (offset[channel] as number);
      });
    }
  }
  return [y];
};
