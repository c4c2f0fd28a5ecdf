import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { runGraph } from '../kernels-ref/run-graph.js';
import { exportOnnx } from '../src/exporters/onnx.js';
import type { Graph } from '../src/graph/graph.js';
import { defaultFacts } from '../src/kernels/facts.js';
import { inferShapes } from '../src/ops/infer.js';
import { bind, optimize } from '../src/passes/index.js';
import { buildPlan } from '../src/plan/build.js';
import { reparameterize } from '../src/reparameterize.js';
import { NetBuilder } from './support/graphs.js';

const SIZE = 32;

/** RepVGG-A0 as it is trained: stages of 2, 4, 14 and 1 blocks after the first, widths 48, 96, 192 and 1280 / `thinner`. */
const repVggA0 = (thinner: number): Graph => {
  const b = new NetBuilder();
  let x = b.input('image', 'float32', [1, 3, SIZE, SIZE]);
  let channels = 3;
  const block = (width: number, stride: number): void => {
    const strides = [stride, stride];
    // Small weights keep 22 layers of sums in range.
    const scaled = (y: string): string => b.batchNormalization(y, width);
    const weight = (k: number): string => b.weight([width, channels, k, k], -1 / Math.sqrt(channels * k * k));
    const three = scaled(b.op('Conv', [x, weight(3)], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides }));
    const one = scaled(b.op('Conv', [x, weight(1)], { kernel_shape: [1, 1], strides }));
    const sum = b.op('Add', [three, one]);
    x = b.op('Relu', [stride === 1 && channels === width ? b.op('Add', [sum, b.batchNormalization(x, width)]) : sum]);
    channels = width;
  };
  block(48 / thinner, 2);
  for (const [width, blocks] of [
    [48, 2],
    [96, 4],
    [192, 14],
    [1280, 1],
  ] as const) {
    for (let i = 0; i < blocks; i++) block(width / thinner, i === 0 ? 2 : 1);
  }
  b.output(b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [x])]), b.weight([channels, 10]), b.weight([10])]));
  return inferShapes(b.build());
};

const dispatches = (graph: Graph): number => buildPlan(graph, defaultFacts).commands.length;
const shapes = new Map([['image', [1, 3, SIZE, SIZE]]]);

describe('reparameterize', () => {
  const trained = repVggA0(4);
  const { model, after } = reparameterize(exportOnnx(trained));

  it('makes every block of a RepVGG-A0 one convolution', () => {
    expect(trained.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(44);
    expect(after.nodes.map(({ op }) => op).filter((op) => op !== 'Relu')).toEqual([
      ...new Array<string>(22).fill('Conv'),
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
    ]);
    // 22 blocks, the mean, the product, and a change of layout at the most.
    expect(dispatches(bind(optimize(trained), shapes))).toBeLessThanOrEqual(25);
  });

  it('computes the same within 1e-5, on the CPU reference and on the GPU', async () => {
    const image = new Tensor(
      'float32',
      Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => Math.sin(i)),
      [1, 3, SIZE, SIZE],
    );
    const expected = runGraph(trained, new Map([['image', image]])).get(trained.outputs[0] as string)?.data as Float32Array;
    const session = await InferenceSession.create(model);
    const [output] = session.outputNames as [string];
    const actual = (await session.run({ image }))[output]?.data as Float32Array;
    const norm = Math.hypot(...expected);
    expect(Math.hypot(...expected.map((e, i) => e - (actual[i] as number))) / norm).toBeLessThan(1e-5);
    expect(norm).toBeGreaterThan(0.1);
    await session.release();
  });

  it('is an ordinary model: doing it again changes nothing', () => {
    expect(reparameterize(model).model).toEqual(model);
  });
});
