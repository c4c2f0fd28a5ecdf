import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { llmInt8Model, llmInt8Product } from '../../src/quantize/llm-int8.js';
import { int8Errors, modelInt8Errors, plantedOutliers } from '../../src/quantize/llm-int8-errors.js';
import { NetBuilder } from '../support/graphs.js';
import { openInOnnxRuntime } from '../support/onnxruntime.js';
import { denseNet, distance, sampleOf } from './nets.js';

const runtime = InferenceSession;
const numbers = (tensor: Tensor | undefined): Float32Array => tensor?.data as Float32Array;

const exact = (x: Tensor, w: Tensor): Float64Array => {
  const [[rows, columns], [, outputs]] = [x.dims, w.dims] as [[number, number], [number, number]];
  const y = new Float64Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    for (let n = 0; n < outputs; n++) {
      for (let k = 0; k < columns; k++) {
        y[r * outputs + n] =
          (y[r * outputs + n] as number) + (numbers(x)[r * columns + k] as number) * (numbers(w)[k * outputs + n] as number);
      }
    }
  }
  return y;
};

const run = async (model: Uint8Array, x: Tensor): Promise<Float32Array> => {
  const session = await InferenceSession.create(model);
  const { y } = await session.run({ x });
  await session.release();
  return numbers(y);
};

describe('LLM.int8()', () => {
  const { x, weights } = plantedOutliers({ rows: 32, columns: 96, outputs: 24 });

  it('halves the errors of data with outliers by vectors of scales, and takes most of them away by the decomposition', async () => {
    const errors = await int8Errors('planted', ...([plantedOutliers().x, plantedOutliers().weights] as const), runtime);
    expect(errors).toMatchObject({ rows: 128, columns: 512, outputs: 128, outliers: 3 });
    expect(errors.perTensor).toBeGreaterThan(0.05);
    expect(errors.perTensor).toBeLessThan(0.1);
    expect(errors.vectorWise).toBeGreaterThan(0.03);
    expect(errors.vectorWise).toBeLessThan(0.05);
    expect(errors.decomposed).toBeGreaterThan(0.001);
    expect(errors.decomposed).toBeLessThan(0.005);
  });

  it('computes what onnxruntime makes of the same file', async () => {
    const model = llmInt8Product(weights);
    const [here, there] = [await run(model, x), (await (await openInOnnxRuntime(model)).run({ x }))[0] as Float64Array];
    expect(distance(here, there)).toBeLessThan(1e-4);
    expect(distance(here, exact(x, weights))).toBeLessThan(0.01);
  });

  it('finds other outliers in every run', async () => {
    const session = await InferenceSession.create(llmInt8Product(weights));
    for (const column of [0, 17, 95]) {
      const data = numbers(plantedOutliers({ rows: 8, columns: 96, outliers: 0, seed: column }).x);
      for (let r = 0; r < 8; r++) data[r * 96 + column] = 100 + r;
      const sample = new Tensor('float32', data, [8, 96]);
      const { y } = await session.run({ x: sample });
      expect(distance(numbers(y), exact(sample, weights))).toBeLessThan(0.005);
    }
    await session.release();
  });

  it('keeps what is below the threshold, or more than there is room for, in int8', async () => {
    const error = async (options: Parameters<typeof llmInt8Product>[1]): Promise<number> =>
      distance(await run(llmInt8Product(weights, options), x), exact(x, weights));
    const none = await error({ mostOutliers: 0 });
    expect(await error({ threshold: 1e6 })).toBeCloseTo(none, 6);
    const one = await error({ mostOutliers: 1 });
    const all = await error({});
    expect(one).toBeLessThan(none);
    expect(all).toBeLessThan(0.3 * one);
    // More room than columns.
    expect(await error({ mostOutliers: 1000 })).toBeCloseTo(all, 6);
  });

  it('multiplies rows of zeros', async () => {
    const zeros = new Tensor('float32', new Float32Array(3 * 96), [3, 96]);
    expect([...(await run(llmInt8Product(weights), zeros))].every((v) => v === 0)).toBe(true);
  });

  it('takes the place of the products of a model', async () => {
    const model = denseNet();
    const sample = sampleOf('x', [4, 40], 8) as { x: Tensor };
    const int8 = llmInt8Model(model);
    const open = await openInOnnxRuntime(model);
    const [want] = await open.run(sample);
    const session = await InferenceSession.create(int8);
    const got = Object.values(await session.run(sample))[0];
    expect(distance(numbers(got), want as Float64Array)).toBeLessThan(0.02);
    const [there] = await (await openInOnnxRuntime(int8)).run(sample);
    expect(distance(numbers(got), there as Float64Array)).toBeLessThan(1e-4);
    await session.release();
  });

  it('measures the products of a model on what they are fed', async () => {
    const b = new NetBuilder();
    const x3 = b.input('x', 'float32', ['n', 6, 40]);
    b.output(b.op('MatMul', [b.op('Relu', [b.op('MatMul', [x3, b.weight([40, 30])])]), b.weight([30, 20], -4)]));
    const errors = await modelInt8Errors(exportOnnx(b.build()), sampleOf('x', [2, 6, 40], 1), runtime);
    expect(errors.map(({ rows, columns, outputs }) => [rows, columns, outputs])).toEqual([
      [12, 40, 30],
      [12, 30, 20],
    ]);
    for (const { perTensor, vectorWise } of errors) {
      expect(vectorWise).toBeLessThan(0.02);
      expect(perTensor).toBeGreaterThan(1e-3);
    }
  });

  it.each([
    ['weights that are no matrix', () => llmInt8Product(new Tensor('float32', new Float32Array(4), [4]))],
    ['weights of another type', () => llmInt8Product(new Tensor('int32', new Int32Array(4), [2, 2]))],
    ['no threshold', () => llmInt8Product(weights, { threshold: 0 })],
    ['half an outlier', () => llmInt8Product(weights, { mostOutliers: 0.5 })],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
