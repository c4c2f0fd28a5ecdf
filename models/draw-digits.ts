/**
 * Draws the sample digits of this project: models/digits/0.png to 9.png, white strokes on black, 112x112. They are not
 * from MNIST. After changing a stroke:
 *
 *     npx vite build --config models/vite.config.ts && node build/train/draw-digits.js
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

const SIDE = 112;

/** Pen strokes of each digit as SVG paths, and the width of the pen. */
const digits: readonly { readonly strokes: string; readonly width: number }[] = [
  { strokes: 'M60 17 C42 14 31 36 31 58 C31 80 42 97 57 96 C73 95 82 75 81 54 C80 33 71 18 56 18', width: 10 },
  { strokes: 'M55 25 C58 23 61 20 63 17 C60 43 56 69 53 96', width: 11 },
  { strokes: 'M33 36 C35 20 52 13 65 19 C79 26 76 43 65 57 C56 69 43 82 32 93 C47 90 66 90 83 93', width: 10 },
  { strokes: 'M34 25 C45 14 72 14 73 31 C74 46 59 52 47 53 C63 52 80 58 79 75 C78 95 48 101 31 88', width: 9 },
  { strokes: 'M41 18 C39 34 35 48 31 61 C46 60 65 59 84 57 M70 20 C69 46 66 72 64 98', width: 10 },
  { strokes: 'M79 19 C65 20 54 20 42 20 C41 31 39 41 37 51 C52 43 77 46 78 68 C79 91 49 102 32 89', width: 10 },
  { strokes: 'M70 15 C51 26 35 49 34 72 C33 90 47 98 60 96 C76 93 82 76 73 65 C63 54 43 60 36 76', width: 10 },
  { strokes: 'M30 24 C46 22 64 21 82 21 C72 42 60 68 51 97', width: 11 },
  {
    strokes: 'M74 27 C63 13 40 17 40 33 C40 49 78 56 78 77 C78 97 39 101 35 81 C32 63 73 51 76 32 C76 29 76 28 74 27',
    width: 9,
  },
  { strokes: 'M75 34 C68 17 40 17 37 38 C35 57 59 63 72 46 C75 42 76 37 76 30 C76 54 72 77 66 98', width: 10 },
];

const picture = (strokes: string, width: number): string => `
<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">
  <rect width="100%" height="100%" fill="black"/>
  <path d="${strokes}" fill="none" stroke="white" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round"/>
</svg>`;

const [folder = 'models/digits'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
for (const [digit, { strokes, width }] of digits.entries()) {
  const svg = Buffer.from(picture(strokes, width));
  await sharp(svg)
    .removeAlpha()
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toFile(join(folder, `${digit}.png`));
}
