import { describe, expect, it } from 'vitest';
import { InferenceSession, type Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { type LabelledSample, measureAccuracy } from '../../src/quantize/accuracy.js';
import { quantizeWithin } from '../../src/quantize/sensitivity.js';
import { NetBuilder } from '../support/graphs.js';
import { samplesOf } from './nets.js';

/** A network of two layers, the second of which has weights that one scale cannot serve. */
const fragile = (): Uint8Array => {
  const b = new NetBuilder(9);
  const x = b.input('x', 'float32', [1, 8]);
  const hidden = b.op('Relu', [b.op('Gemm', [x, b.weight([8, 8])])]);
  const rows = Array.from({ length: 32 }, (_, i) => Math.sin(3 * i) * (i === 1 ? 1000 : 1));
  b.output(b.op('Gemm', [hidden, b.values([4, 8], rows), b.weight([4])], { transB: true }));
  return exportOnnx(b.build());
};

const runtime = InferenceSession;
const model = fragile();
const samples = samplesOf('x', [1, 8], 40);

/** The classes that the float model finds are the labels. */
const labelled = async (): Promise<LabelledSample[]> => {
  const session = await InferenceSession.create(model);
  const items: LabelledSample[] = [];
  for (const sample of samples) {
    const [scores] = Object.values(await session.run(sample)) as [Tensor];
    const row = [...(scores.data as Float32Array)];
    items.push({ sample, label: row.indexOf(Math.max(...row)) });
  }
  await session.release();
  return items;
};

describe('accuracy', () => {
  it('counts the items whose class has the highest score', async () => {
    const items = await labelled();
    expect(await measureAccuracy(model, items, runtime)).toMatchObject({ top1: 1, count: 40 });
    const wrong = items.map((item, i) => (i < 10 ? { ...item, label: item.label + 1 } : item));
    expect((await measureAccuracy(model, wrong, runtime)).top1).toBe(0.75);
    await expect(measureAccuracy(model, [], runtime)).rejects.toThrow('there is no labelled data');
  });
});

describe('quantization within a drop of accuracy', () => {
  const options = { runtime, samples, granularity: 'tensor', activations: 'none', weights: 'int4' } as const;

  it('leaves out the most sensitive layers', async () => {
    const items = await labelled();
    const measure = async (bytes: Uint8Array): Promise<number> => (await measureAccuracy(bytes, items, runtime)).top1;
    const all = await quantizeWithin(model, { ...options, measure, maxDrop: 100 });
    expect(all.skipped).toEqual([]);
    expect(all.accuracy.after).toBeLessThan(0.95);
    const within = await quantizeWithin(model, { ...options, measure, maxDrop: 5 });
    expect(within.skipped).toEqual(['Gemm_2']);
    expect(within.accuracy.before).toBe(1);
    expect(within.accuracy.after).toBeGreaterThanOrEqual(0.95);
    expect(within.sensitivity.map(({ name }) => name)).toEqual(['Gemm_2', 'Gemm_0']);
    expect(within.sensitivity[0]?.error).toBeGreaterThan(within.sensitivity[1]?.error as number);
  });

  it('leaves out no more than it takes, and takes back what it can', async () => {
    const b = new NetBuilder(11);
    let x = b.input('x', 'float32', [1, 8]);
    for (const [inputs, outputs] of [
      [8, 16],
      [16, 24],
      [24, 8],
      [8, 32],
      [32, 4],
    ] as const) {
      x = b.op('Relu', [b.op('Gemm', [x, b.weight([inputs, outputs]), b.weight([outputs])])]);
    }
    b.output(b.op('Gemm', [x, b.weight([4, 3])]));
    const deep = exportOnnx(b.build());
    const counts: number[] = [];
    // Right as long as the weights of these two are floats.
    const measure = async (bytes: Uint8Array): Promise<number> => {
      const { nodes, values } = importOnnx(bytes);
      const floats = nodes.flatMap(({ op, name, inputs }) =>
        op === 'Gemm' && values.get(inputs[1] as string)?.tensor ? name : [],
      );
      counts.push(floats.length);
      return floats.includes('Gemm_4') && floats.includes('Gemm_6') ? 1 : 0.5;
    };
    const given = { ...options, granularity: 'channel', measure, maxDrop: 1 } as const;
    const within = await quantizeWithin(deep, given);
    expect(within.skipped).toEqual(['Gemm_4', 'Gemm_6']);
    expect(within.accuracy).toEqual({ before: 1, after: 1 });
    expect(within.sensitivity).toHaveLength(6);
    // All of them as floats is what accuracy is compared with, and never a way out.
    expect(counts.slice(1).every((n) => n < 6)).toBe(true);
  });

  describe('of weights in 4 bits', () => {
    const b = new NetBuilder(12);
    let x = b.input('x', 'float32', [1, 64]);
    for (const [inputs, outputs] of [
      [64, 48],
      [48, 40],
      [40, 64],
    ] as const) {
      x = b.op('Relu', [b.op('Gemm', [x, b.weight([inputs, outputs]), b.weight([outputs])])]);
    }
    b.output(b.op('Gemm', [x, b.weight([64, 3])]));
    const wide = exportOnnx(b.build());
    const given = {
      runtime,
      samples: samplesOf('x', [1, 64], 8),
      weights: 'int4' as const,
      granularity: 'channel' as const,
      format: 'qdq' as const,
      maxDrop: 1,
    };

    /** The type of the integers of each Gemm's weights, and 'float32' of those that have none. */
    const typesOf = (bytes: Uint8Array): Map<string, string> => {
      const { nodes, values } = importOnnx(bytes);
      const producers = new Map(nodes.map((node) => [node.outputs[0], node]));
      const gemms = nodes.filter(({ op }) => op === 'Gemm');
      return new Map(
        gemms.map(({ name, inputs }) => [name, values.get(producers.get(inputs[1])?.inputs[0] ?? '')?.dtype ?? 'float32']),
      );
    };

    it('gives the most sensitive ones 8 bits first', async () => {
      const measure = async (bytes: Uint8Array): Promise<number> =>
        ['Gemm_0', 'Gemm_4'].every((name) => typesOf(bytes).get(name) !== 'int4') ? 1 : 0.5;
      const within = await quantizeWithin(wide, { ...given, measure });
      expect(within.widened).toEqual(['Gemm_0', 'Gemm_4']);
      expect(within.skipped).toEqual([]);
      expect([...typesOf(within.model).values()]).toEqual(['int8', 'int4', 'int8', 'int4']);
      expect(within.accuracy.after).toBe(1);
    });

    it('leaves them out where 8 bits are not enough', async () => {
      const measure = async (bytes: Uint8Array): Promise<number> => (typesOf(bytes).get('Gemm_2') === 'float32' ? 1 : 0.5);
      const within = await quantizeWithin(wide, { ...given, measure });
      expect(within.widened).toEqual([]);
      expect(within.skipped).toEqual(['Gemm_2']);
    });
  });

  it('gives up where one layer is too much', async () => {
    let calls = 0;
    const measure = async (): Promise<number> => (calls++ === 0 ? 1 : 0);
    await expect(quantizeWithin(model, { ...options, measure, maxDrop: 1 })).rejects.toThrow(
      'even one quantized layer loses more than 1',
    );
  });

  it.each([-1, Number.NaN])('refuses a drop of %d', async (maxDrop) => {
    await expect(quantizeWithin(model, { ...options, measure: async () => 1, maxDrop })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});
