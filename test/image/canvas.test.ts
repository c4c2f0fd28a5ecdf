import '#tilewise';
import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { drawerOf, encodeWords, pitchOf, tensorToCanvas } from '../../src/canvas.js';
import { type ColorOptions, coloringOf } from '../../src/coloring.js';
import { allocateTensor } from '../../src/device/device-tensor.js';
import { TilewiseError } from '../../src/errors.js';
import { imageToTensor } from '../../src/image.js';
import { fromNumbers, toDeviceWords, toNumbers } from '../../src/tensor/convert.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { expectedPixels } from '../support/canvas-pixels.js';
import { testDevice } from '../support/device.js';

/** The pixels that the kernel makes of a tensor: [height][width] of RGBA or BGRA bytes. */
const pixelsOf = async (tensor: Tensor, options: ColorOptions, blueFirst = false): Promise<number[]> => {
  const device = await testDevice();
  const { gpu } = device;
  const picture = coloringOf(tensor, options);
  const { encoder, buffer, free } = encodeWords(device, await drawerOf(device, tensor), tensor, picture, blueFirst);
  const { width, height } = picture;
  const staging = gpu.createBuffer({ size: buffer.size, usage: 1 | 8 });
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  gpu.queue.submit([encoder.finish()]);
  free();
  await device.wait(staging.mapAsync(1));
  const bytes = new Uint8Array(staging.getMappedRange());
  const rows = Array.from({ length: height }, (_, v) => [
    ...bytes.slice(4 * v * pitchOf(width), 4 * (v * pitchOf(width) + width)),
  ]);
  staging.destroy();
  return rows.flat();
};

const noise = (type: DType, dims: readonly number[], from: number, to: number, seed = 1): Tensor => {
  const next = random(seed);
  const numbers = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => from + next() * (to - from));
  return new Tensor(type, fromNumbers(type, type === 'uint8' ? numbers.map(Math.round) : numbers), dims);
};

const onDevice = async (tensor: Tensor): Promise<Tensor> => {
  const device = await testDevice();
  const there = allocateTensor(device, 'picture', tensor.type, tensor.dims);
  device.gpu.queue.writeBuffer(there.gpuBuffer, 0, toDeviceWords(tensor.type, tensor.data, 'picture') as BufferSource);
  return there;
};

/** Values reach beyond both ends: they are clamped. */
const cases: readonly [name: string, type: DType, dims: readonly number[], range: readonly [number, number], ColorOptions][] = [
  ['one pixel', 'float32', [1, 3, 1, 1], [-0.2, 1.2], {}],
  ['no batch', 'float32', [3, 5, 7], [-0.2, 1.2], {}],
  ['gray', 'float32', [1, 1, 3, 65], [-0.2, 1.2], {}],
  ['a row of the pitch', 'float32', [1, 3, 2, 64], [-0.2, 1.2], {}],
  ['channels last', 'float32', [1, 9, 127, 3], [-0.2, 1.2], { layout: 'nhwc' }],
  ['gray, channels last', 'float32', [4, 33, 1], [-0.2, 1.2], { layout: 'nhwc' }],
  ['blue first', 'float32', [1, 3, 4, 31], [-0.2, 1.2], { channels: 'bgr' }],
  ['to 255', 'float32', [1, 3, 6, 5], [-20, 280], { scale: 1 }],
  ['from -1', 'float32', [1, 3, 6, 5], [-1.2, 1.2], { mean: 0.5, std: 0.5 }],
  ['of each channel', 'float32', [1, 3, 6, 5], [-3, 3], { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }],
  ['of each, blue first and last', 'float32', [1, 6, 5, 3], [-3, 3], { layout: 'nhwc', channels: 'bgr', mean: [0.1, 0.5, 0.7] }],
  ['inverted', 'float32', [1, 1, 6, 5], [-0.3, 1.3], { invert: true, mean: 0.1, std: 0.9 }],
  ['opacity', 'float32', [1, 4, 7, 9], [-0.2, 1.2], { mean: 0.2, std: [0.5, 0.6, 0.7] }],
  ['opacity, channels last', 'float32', [1, 7, 9, 4], [-20, 300], { layout: 'nhwc', scale: 1 }],
  ['float16', 'float16', [1, 3, 5, 6], [-0.2, 1.2], {}],
  ['bytes', 'uint8', [1, 3, 5, 6], [0, 255], {}],
  ['opacity of bytes', 'uint8', [5, 6, 4], [0, 255], { layout: 'nhwc' }],
];

describe('the pixels of a tensor', () => {
  it.each(cases)('%s', async (_, type, dims, [from, to], options) => {
    const tensor = noise(type, dims, from, to);
    const there = await onDevice(tensor);
    for (const blueFirst of [false, true]) {
      const expected = expectedPixels(toNumbers(type, tensor.data), dims, options, { blueFirst, isInteger: type === 'uint8' });
      for (const one of [tensor, there]) {
        const actual = await pixelsOf(one, options, blueFirst);
        expect(actual).toHaveLength(expected.length);
        // A value half-way between two bytes may be rounded to either in float32.
        actual.forEach((byte, i) => expect(Math.abs(byte - expected[i]!), `byte ${i}`).toBeLessThanOrEqual(1));
        expect(actual.filter((byte, i) => byte !== expected[i]).length).toBeLessThanOrEqual(0.02 * actual.length);
      }
    }
    there.dispose();
  });

  it('would be seen to be wrong', async () => {
    const tensor = noise('float32', [1, 3, 5, 6], 0, 1);
    const other = expectedPixels(toNumbers('float32', tensor.data), tensor.dims, { channels: 'bgr' }, {});
    const actual = await pixelsOf(tensor, {});
    expect(actual.filter((byte, i) => Math.abs(byte - other[i]!) > 1).length).toBeGreaterThan(actual.length / 3);
  });

  it('are those of the picture that the tensor was made of', async () => {
    const next = random(3);
    const data = Uint8Array.from({ length: 4 * 11 * 6 }, (_, i) => (i % 4 === 3 ? 255 : 256 * next()));
    const how = { width: 11, height: 6, mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.25], channels: 'bgr', layout: 'nhwc' } as const;
    for (const options of [how, { ...how, channels: 'rgb', layout: 'nchw', invert: true } as const]) {
      const tensor = await imageToTensor({ data, width: 11, height: 6 }, options, { device: (await testDevice()).gpu });
      expect(await pixelsOf(tensor, options)).toEqual([...data]);
      tensor.dispose();
    }
  });

  it("are read from an application's own buffer, whatever it is good for", async () => {
    const { gpu } = await testDevice();
    const buffer = gpu.createBuffer({ size: 48, usage: 4 | 8 });
    gpu.queue.writeBuffer(buffer, 0, Float32Array.of(0, 1, 0.2, 0.4, 1, 0, 0.6, 0.8, 0, 0, 1, 1));
    const pixels = await pixelsOf(Tensor.fromGpuBuffer('float32', buffer, [1, 3, 2, 2]), {});
    expect(pixels).toEqual([0, 255, 0, 255, 255, 0, 0, 255, 51, 153, 255, 255, 102, 204, 255, 255]);
    buffer.destroy();
  });
});

const zeros = (type: DType, dims: readonly number[]): Tensor =>
  new Tensor(type, fromNumbers(type, new Array(dims.reduce((a, b) => a * b, 1)).fill(0)), dims);

describe('what is no picture', () => {
  const refusals: readonly [Tensor, ColorOptions, RegExp][] = [
    [zeros('float32', [2, 2]), {}, /3 or 4 dimensions, not \[2, 2\]/],
    [zeros('float32', [2, 3, 2, 2]), {}, /2 pictures/],
    [zeros('float32', [1, 2, 2, 3]), {}, /has 2 channels.*/],
    [zeros('float32', [1, 3, 2, 2]), { layout: 'nhwc' }, /has 2 channels/],
    [zeros('float32', [1, 3, 0, 2]), {}, /no pixels/],
    [zeros('int64', [1, 3, 2, 2]), {}, /float type or uint8, not int64/],
    [zeros('float32', [1, 3, 2, 2]), { channels: 'gray' }, /3 channels is not 'gray'/],
    [zeros('float32', [1, 1, 2, 2]), { channels: 'rgb' }, /1 channel is not 'rgb'/],
    [zeros('float32', [1, 1, 2, 2]), { mean: [1, 2, 3] }, /3 numbers for 1 channels/],
    [zeros('float32', [1, 3, 2, 2]), { width: 3 }, /2 x 2 pixels, but the options say 3 x 2/],
    [zeros('float32', [1, 3, 2, 2]), { std: 0 }, /'std' must be a positive number/],
    [zeros('float32', [1, 3, 2, 2]), { invert: 'auto' }, /finished picture/],
    [zeros('float32', [1, 3, 2, 2]), { colour: 1 } as ColorOptions, /'colour' is not a known key/],
  ];

  it.each(refusals)('is refused: %o %o', (tensor, options, message) => {
    expect(() => coloringOf(tensor, options)).toThrow(message);
    expect(() => coloringOf(tensor, options)).toThrow(TilewiseError);
  });

  it('nor is there a canvas in Node', async () => {
    const drawing = tensorToCanvas(zeros('float32', [1, 3, 2, 2]), {} as OffscreenCanvas);
    await expect(drawing).rejects.toThrow(/a canvas element or an OffscreenCanvas/);
  });
});
