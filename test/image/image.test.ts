import '#tilewise';
import { describe, expect, it } from 'vitest';
import { imageToTensor } from '../../src/image.js';
import type { ImagePixels, Preprocessing } from '../../src/preprocessing.js';
import { testDevice } from '../support/device.js';

/** A picture of gray levels, row by row. */
const gray = (width: number, levels: readonly number[]): ImagePixels => ({
  data: Uint8ClampedArray.from(levels.flatMap((v) => [v, v, v, 255])),
  width,
  height: levels.length / width,
});

const numbers = async (image: ImagePixels, preprocessing: Preprocessing): Promise<number[]> => {
  const tensor = await imageToTensor(image, preprocessing);
  const data = [...((await tensor.getData()) as Float32Array)];
  tensor.dispose();
  return data;
};

const closeTo = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 5));
};

describe('imageToTensor', () => {
  it('keeps a picture that fits', async () => {
    const levels = [0, 51, 102, 153, 204, 255];
    closeTo(await numbers(gray(3, levels), { width: 3, height: 2, channels: 'gray' }), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    const raw = { width: 3, height: 2, channels: 'gray', scale: 1, filter: 'nearest' } as const;
    closeTo(await numbers(gray(3, levels), raw), levels);
  });

  it('orders channels and lays them out', async () => {
    const image = { data: Uint8Array.of(10, 20, 30, 255, 40, 50, 60, 255), width: 2, height: 1 };
    const base = { width: 2, height: 1, scale: 1 } as const;
    closeTo(await numbers(image, base), [10, 40, 20, 50, 30, 60]);
    closeTo(await numbers(image, { ...base, layout: 'nhwc' }), [10, 20, 30, 40, 50, 60]);
    closeTo(await numbers(image, { ...base, channels: 'bgr', layout: 'nhwc' }), [30, 20, 10, 60, 50, 40]);
    closeTo(await numbers(image, { ...base, channels: 'gray' }), [10 * 0.299 + 20 * 0.587 + 30 * 0.114, 48.15]);
    closeTo(await numbers(image, { ...base, layout: 'nhwc', mean: [10, 20, 30], std: [1, 2, 3] }), [0, 0, 0, 30, 15, 10]);
  });

  it("halves with Pillow's triangle filter", async () => {
    // Weights 3/7, 3/7, 1/7 at the border and 1/8, 3/8, 3/8, 1/8 inside.
    const half = { width: 3, height: 1, channels: 'gray', scale: 1 } as const;
    const x = [70, 0, 140, 200, 10, 80];
    const expected = [(3 * 70 + 140) / 7, (0 + 3 * 140 + 3 * 200 + 10) / 8, (200 + 3 * 10 + 3 * 80) / 7];
    closeTo(await numbers(gray(6, x), half), expected);
    closeTo(await numbers(gray(6, x), { ...half, filter: 'bilinear' }), [35, 170, 45]);
    closeTo(await numbers(gray(6, x), { ...half, filter: 'nearest' }), [0, 200, 80]);
  });

  it('surrounds a contained picture and fills what is transparent with the background', async () => {
    const one = { data: Uint8Array.of(200, 200, 200, 255, 200, 200, 200, 0), width: 2, height: 1 };
    const contain = { width: 2, height: 3, channels: 'gray', scale: 1, fit: 'contain', background: 50 } as const;
    closeTo(await numbers(one, contain), [50, 50, 200, 50, 50, 50]);
    closeTo(await numbers(one, { ...contain, invert: true }), [50, 50, 55, 50, 50, 50]);
    closeTo(await numbers(one, { width: 1, height: 1, channels: 'gray', scale: 1 }), [100]);
  });

  it('leaves the tensor on the GPU, of the device given', async () => {
    const device = await testDevice();
    const image = gray(2, [1, 2, 3, 4]);
    const tensor = await imageToTensor(image, { width: 2, height: 2, scale: 1 }, { device: device.gpu });
    expect([tensor.location, tensor.type, tensor.dims]).toEqual(['gpu', 'float32', [1, 3, 2, 2]]);
    expect([...(await tensor.getData())]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    tensor.dispose();
    device.throwFailure();
  });

  it('makes nothing new for the next picture of the same size', async () => {
    const { gpu } = await testDevice();
    const options = { device: gpu };
    const preprocessing = { width: 2, height: 2, channels: 'gray', scale: 1 } as const;
    (await imageToTensor(gray(2, [1, 2, 3, 4]), preprocessing, options)).dispose();
    const made: string[] = [];
    const createBuffer = gpu.createBuffer;
    gpu.createBuffer = function (descriptor) {
      made.push(descriptor.label ?? '');
      return createBuffer.call(this, descriptor);
    };
    try {
      const pictures = [gray(2, [5, 6, 7, 8]), gray(2, [9, 9, 9, 9])];
      const tensors = await Promise.all(pictures.map((image) => imageToTensor(image, preprocessing, options)));
      expect(made).toEqual(['tensor', 'tensor']);
      expect([...(await (tensors[0] as (typeof tensors)[number]).getData())]).toEqual([5, 6, 7, 8]);
    } finally {
      gpu.createBuffer = createBuffer;
    }
  });

  it('takes bytes at any address', async () => {
    const bytes = Buffer.from([0, 7, 7, 7, 255, 9, 9, 9, 255]).subarray(1);
    closeTo(await numbers({ data: bytes, width: 2, height: 1 }, { width: 2, height: 1, channels: 'gray', scale: 1 }), [7, 9]);
  });

  it.each([
    [{ data: new Uint8Array(3), width: 1, height: 1 }, 'has 4 bytes of RGBA, but the data has 3'],
    [{ data: new Uint8Array(0), width: 0, height: 1 }, 'at least one pixel'],
    [{ data: [1, 2, 3, 4], width: 1, height: 1 }, 'an image is'],
  ])('refuses %j', async (image, message) => {
    await expect(imageToTensor(image as ImagePixels, { width: 1, height: 1 })).rejects.toThrow(message);
  });
});
