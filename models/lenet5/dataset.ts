import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SIDE } from './augment.js';

export interface Dataset {
  readonly count: number;
  readonly labels: Uint8Array;
  image(index: number): Uint8Array;
}

const PIXELS = SIDE * SIDE;

/** A folder with images.u8 ([n, 28, 28], 0 = background) and labels.u8 ([n], 0 to 9). */
export const readDataset = (folder: string): Dataset => {
  const images = readFileSync(join(folder, 'images.u8'));
  const labels = readFileSync(join(folder, 'labels.u8'));
  if (images.length !== labels.length * PIXELS || labels.length === 0) {
    throw new Error(
      `${folder}: images.u8 has ${images.length} bytes, but ${labels.length} labels want ${labels.length * PIXELS}`,
    );
  }
  if (labels.some((label) => label > 9)) throw new Error(`${folder}: labels.u8 has labels above 9`);
  return { count: labels.length, labels, image: (index) => images.subarray(index * PIXELS, (index + 1) * PIXELS) };
};
