import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { ROOT } from './support/imports.js';

/** MNIST test digits as bytes: images.u8 [n, 28, 28] and labels.u8, which are not part of this repository. */
const data = join(process.env.TILEWISE_MODELS ?? '', 'data/mnist');
const PIXELS = 28 * 28;
const BATCH = 100;

describe.runIf(process.env.TILEWISE_MODELS !== undefined && existsSync(data))('the shipped LeNet-5', () => {
  it('reads as many digits right as models/lenet5.json says, and 98.5 % at least', async () => {
    const images = readFileSync(join(data, 'images.u8'));
    const labels = readFileSync(join(data, 'labels.u8'));
    const session = await InferenceSession.create(new Uint8Array(readFileSync(join(ROOT, 'models/lenet5.onnx'))));
    let correct = 0;
    for (let first = 0; first < labels.length; first += BATCH) {
      const count = Math.min(BATCH, labels.length - first);
      const pixels = Float32Array.from(images.subarray(first * PIXELS, (first + count) * PIXELS), (v) => v / 255);
      const { logits } = await session.run({ input: new Tensor('float32', pixels, [count, 1, 28, 28]) });
      const scores = logits?.data as Float32Array;
      for (let i = 0; i < count; i++) {
        const row = scores.subarray(10 * i, 10 * i + 10);
        if (row.indexOf(Math.max(...row)) === labels[first + i]) correct++;
      }
    }
    await session.release();
    const stated = JSON.parse(readFileSync(join(ROOT, 'models/lenet5.json'), 'utf8')) as { correct: number; testImages: number };
    expect({ correct, testImages: labels.length }).toEqual({ correct: stated.correct, testImages: stated.testImages });
    expect(correct / labels.length).toBeGreaterThanOrEqual(0.985);
  });
});
