import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { repVggA0 } from '../bench/support/rep-vgg.js';
import { runGraph } from '../kernels-ref/run-graph.js';
import { exportOnnx } from '../src/exporters/onnx.js';
import type { Graph } from '../src/graph/graph.js';
import { defaultFacts } from '../src/kernels/facts.js';
import { bindShapes } from '../src/passes/bind-shapes.js';
import { bind, optimize } from '../src/passes/index.js';
import { buildPlan } from '../src/plan/build.js';
import { reparameterize } from '../src/reparameterize.js';

const SIZE = 32;

const dispatches = (graph: Graph): number => buildPlan(graph, defaultFacts).commands.length;
const shapes = new Map([['image', [1, 3, SIZE, SIZE]]]);

describe('reparameterize', () => {
  const trained = repVggA0(SIZE, 4);
  const { model, after } = reparameterize(exportOnnx(trained));

  it('makes every block of a RepVGG-A0 one convolution', () => {
    expect(trained.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(44);
    expect(after.nodes.map(({ op }) => op).filter((op) => op !== 'Relu')).toEqual([
      ...new Array<string>(22).fill('Conv'),
      'GlobalAveragePool',
      'Flatten',
      'Gemm',
    ]);
  });

  it('makes 24 dispatches of 168: the blocks, the mean and the product', () => {
    // 44 convolutions, 44 + 17 normalisations of branches and of inputs, as many sums less 22, 22 activations and the last two.
    expect(dispatches(bindShapes(trained, shapes))).toBe(168);
    expect(dispatches(bind(optimize(trained), shapes))).toBe(24);
    expect(dispatches(bind(optimize(after), shapes))).toBe(24);
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
