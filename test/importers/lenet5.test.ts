import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { Tensor } from '../../src/tensor/tensor.js';

const file = new URL('../../models/lenet5.onnx', import.meta.url);

/** One of the sample digits as the model wants it: 28x28, 0 to 1. */
const sampleDigit = async (digit: number): Promise<Tensor> => {
  const picture = sharp(new URL(`../../models/digits/${digit}.png`, import.meta.url).pathname).resize(28, 28);
  const { data, info } = await picture.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(1);
  return new Tensor(
    'float32',
    Float32Array.from(data, (v) => v / 255),
    [1, 1, 28, 28],
  );
};

describe('models/lenet5.onnx', () => {
  const bytes = readFileSync(file);
  const graph = importOnnx(bytes);

  it('is small and has the names that its users know', () => {
    expect(bytes.length).toBeLessThan(300_000);
    expect(graph.inputs).toEqual(['input']);
    expect(graph.outputs).toEqual(['logits']);
    expect(graph.values.get('input')?.shape).toEqual(['batch', 1, 28, 28]);
    for (const name of ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']) expect(graph.values.get(name)?.tensor).toBeDefined();
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('reads the sample digit %i', async (digit) => {
    const logits = runGraph(graph, new Map([['input', await sampleDigit(digit)]])).get('logits')?.data as Float32Array;
    expect(logits.indexOf(Math.max(...logits))).toBe(digit);
  });
});
