import { TilewiseError } from '../errors.js';
import type { ImagePixels } from '../preprocessing.js';
import { readBytes } from './files.js';

/** Decodes a picture file in Node to RGBA, upright as its EXIF orientation says. */
export const decodePicture = async (path: string): Promise<ImagePixels> => {
  const bytes = await readBytes(path);
  const sharp = await loadSharp();
  try {
    const pipeline = sharp(bytes).rotate().toColourspace('srgb').ensureAlpha();
    const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { data: info.channels === 2 ? grayToRgba(data) : data, width: info.width, height: info.height };
  } catch (cause) {
    throw new TilewiseError('invalid-argument', `cannot decode ${path}: ${(cause as Error).message}`, {
      hint: 'pictures may be PNG, JPEG, WebP, AVIF, GIF, TIFF or SVG; tensors .npy or .bin',
      cause,
    });
  }
};

const loadSharp = async (): Promise<typeof import('sharp')['default']> => {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new TilewiseError('not-found', "reading pictures needs the package 'sharp'", { hint: 'npm install sharp', cause });
  }
};

/** Gray and alpha to four channels. */
const grayToRgba = (data: Uint8Array): Uint8Array => {
  const rgba = new Uint8Array(2 * data.length);
  for (let i = 0; i < data.length; i += 2) {
    rgba.fill(data[i] as number, 2 * i, 2 * i + 3);
    rgba[2 * i + 3] = data[i + 1] as number;
  }
  return rgba;
};
