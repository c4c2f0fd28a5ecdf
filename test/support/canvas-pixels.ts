import type { ColorOptions } from '../../src/coloring.js';

interface Order {
  readonly blueFirst?: boolean;
  readonly isInteger?: boolean;
}

const nth = (numbers: number | readonly number[] | undefined, c: number, byDefault: number): number =>
  typeof numbers === 'object' ? (numbers[Math.min(c, numbers.length - 1)] as number) : (numbers ?? byDefault);

/** The bytes of a picture as plain loops make them: opacity last, by which the colours are multiplied. */
export const expectedPixels = (
  x: ArrayLike<number>,
  dims: readonly number[],
  { layout = 'nchw', channels = 'rgb', mean, std, scale: given, invert = false }: ColorOptions,
  { blueFirst = false, isInteger = false }: Order = {},
): number[] => {
  const image = dims.slice(-3) as [number, number, number];
  const [count, height, width] = layout === 'nchw' ? image : ([image[2], image[0], image[1]] as const);
  const scale = given ?? (isInteger ? 1 : 1 / 255);
  const at = (c: number, v: number, u: number): number =>
    x[layout === 'nchw' ? (c * height + v) * width + u : (v * width + u) * count + c] as number;
  const bytes: number[] = [];
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const color = (c: number): number => {
        const value = (at(c, v, u) * nth(std, c, 1) + nth(mean, c, 0)) / scale / 255;
        return Math.min(1, Math.max(0, invert ? 1 - value : value));
      };
      const opacity = count === 4 ? Math.min(1, Math.max(0, at(3, v, u) / scale / 255)) : 1;
      const rgb = count === 1 ? [color(0), color(0), color(0)] : [color(0), color(1), color(2)];
      if (channels === 'bgr') rgb.reverse();
      if (blueFirst) rgb.reverse();
      for (const value of [...rgb.map((one) => one * opacity), opacity]) bytes.push(Math.round(255 * value));
    }
  }
  return bytes;
};
