import { expect, it, vi } from 'vitest';
import { decodePicture } from '../../src/cli/decode-picture.js';

vi.mock('sharp', () => {
  throw new Error('Cannot find package');
});

it('tells how to read pictures where sharp is not installed', async () => {
  await expect(decodePicture(import.meta.filename)).rejects.toMatchObject({
    code: 'not-found',
    message: "reading pictures needs the package 'sharp'",
    hint: 'npm install sharp',
  });
});
