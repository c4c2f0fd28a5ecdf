import '#tilewise';
import { describe, expect, it } from 'vitest';
import { decodeImage, imageToTensor } from '../../src/image.js';

/** A PNG of two pixels: one red, one green and half transparent. */
const png = async (): Promise<Blob> => {
  const canvas = new OffscreenCanvas(2, 1);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.putImageData(new ImageData(Uint8ClampedArray.of(255, 0, 0, 255, 0, 255, 0, 128), 2, 1), 0, 0);
  return await canvas.convertToBlob({ type: 'image/png' });
};

describe('pictures in a browser', () => {
  it('decodes a picture and brings it to the GPU', async () => {
    const image = await decodeImage(await png());
    expect([image.width, image.height, ...image.data]).toEqual([2, 1, 255, 0, 0, 255, 0, 255, 0, 128]);
    const tensor = await imageToTensor(image, { width: 2, height: 1, scale: 1, background: [0, 0, 255] });
    const [red, , , green, , blue] = (await tensor.getData()) as Float32Array;
    expect(tensor.location).toBe('gpu');
    expect(red).toBeCloseTo(255, 3);
    expect(green).toBeCloseTo(128, 3);
    expect(blue).toBeCloseTo(127, 3);
    tensor.dispose();
  });

  it('refuses what is no picture', async () => {
    await expect(decodeImage(new Blob(['no picture']))).rejects.toThrow('cannot decode');
  });
});
