/** Side of an image in pixels. */
export const SIDE = 28;

/** How far the random distortions go. */
const ROTATION = 0.2; // radians
const SCALE = 0.12;
const SHEAR = 0.15;
const SHIFT = 2; // pixels

/**
 * Writes a copy of a picture, turned, scaled, sheared and shifted a little, to `out`: bilinear, black outside, values
 * from 0 to 1.
 */
export const distort = (image: Uint8Array, next: () => number, out: Float64Array): void => {
  const between = (bound: number): number => (2 * next() - 1) * bound;
  const angle = between(ROTATION);
  const [sx, sy] = [1 / (1 + between(SCALE)), 1 / (1 + between(SCALE))];
  const shear = between(SHEAR);
  const [dx, dy] = [between(SHIFT), between(SHIFT)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const centre = (SIDE - 1) / 2;
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const [u, v] = [x - centre - dx, y - centre - dy];
      const fromX = sx * (cos * u + sin * v) + shear * v + centre;
      const fromY = sy * (cos * v - sin * u) + centre;
      out[y * SIDE + x] = sample(image, fromX, fromY) / 255;
    }
  }
};

const sample = (image: Uint8Array, x: number, y: number): number => {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const top = pixel(image, x0, y0) * (1 - fx) + pixel(image, x0 + 1, y0) * fx;
  const bottom = pixel(image, x0, y0 + 1) * (1 - fx) + pixel(image, x0 + 1, y0 + 1) * fx;
  return top * (1 - fy) + bottom * fy;
};

const pixel = (image: Uint8Array, x: number, y: number): number =>
  x >= 0 && x < SIDE && y >= 0 && y < SIDE ? (image[y * SIDE + x] as number) : 0;

/** A picture as it is, values from 0 to 1. */
export const plain = (image: Uint8Array, out: Float64Array): void => {
  for (let i = 0; i < image.length; i++) out[i] = (image[i] as number) / 255;
};
