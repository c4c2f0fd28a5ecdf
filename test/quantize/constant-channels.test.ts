import { describe, expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { removeConstantChannels } from '../../src/quantize/constant-channels.js';
import { layersOf } from '../../src/quantize/layers.js';
import { quantize } from '../../src/quantize/quantize.js';
import { NetBuilder } from '../support/graphs.js';
import { distance, sampleOf, samplesOf } from './nets.js';

const SHAPE = [1, 3, 7, 6];

interface ConvOptions {
  readonly group?: number;
  readonly kernel?: number;
  readonly pad?: number;
  /** Outputs whose weights are `weight`, and their bias. */
  readonly constant?: Readonly<Record<number, number>>;
  readonly weight?: number;
  readonly hasBias?: boolean;
}

/** A convolution with constant outputs; the other biases are positive, so that a rectifier kills no more. */
const conv = (b: NetBuilder, x: string, inputs: number, outputs: number, options: ConvOptions = {}): string => {
  const { group = 1, kernel = 1, pad = 0, constant = {}, weight = 0, hasBias = true } = options;
  const next = random(inputs + 10 * outputs + group);
  const size = (inputs / group) * kernel * kernel;
  const numbers = Array.from({ length: outputs * size }, (_, i) => {
    const w = next() - 0.5;
    return Math.floor(i / size) in constant ? w * weight : w;
  });
  const bias = Array.from({ length: outputs }, (_, r) => constant[r] ?? 0.2 + 0.1 * next());
  const values = [x, b.values([outputs, inputs / group, kernel, kernel], numbers)];
  return b.op('Conv', hasBias ? [...values, b.values([outputs], bias)] : values, { group, pads: [pad, pad, pad, pad] });
};

const graphOf = (build: (b: NetBuilder, x: string) => string): Graph => {
  const b = new NetBuilder(1);
  b.output(build(b, b.input('x', 'float32', SHAPE)));
  return inferShapes(b.build());
};

const outputOf = (graph: Graph, seed: number): Float32Array => {
  const [name = ''] = graph.outputs;
  return runGraph(graph, new Map(Object.entries(sampleOf('x', SHAPE, seed)))).get(name)?.data as Float32Array;
};

const dimsOf = (graph: Graph): (readonly number[])[] => layersOf(graph).map(({ dims }) => dims);

/** The layers' weights afterwards, when the function has been found to be the same. */
const narrowed = (graph: Graph): (readonly number[])[] => {
  const narrow = removeConstantChannels(graph);
  for (const seed of [1, 2]) expect(distance(outputOf(narrow, seed), outputOf(graph, seed))).toBeLessThan(1e-6);
  return dimsOf(narrow);
};

const relu = (b: NetBuilder, x: string): string => b.op('Relu', [x]);

/** Depthwise-separable: channel 2 of the first layer is 0 behind its rectifier, channel 5 is 0.5. */
const separable = (b: NetBuilder, x: string, weight = 0): string => {
  const stem = relu(b, conv(b, x, 3, 8, { kernel: 3, pad: 1, constant: { 2: -1, 5: 0.5 }, weight }));
  const depthwise = relu(b, conv(b, stem, 8, 8, { group: 8, kernel: 3, pad: 1 }));
  return conv(b, depthwise, 8, 5);
};

const published = (b: NetBuilder, x: string): string => {
  b.output(x);
  return x;
};

describe('constant channels', () => {
  it('that are 0 go on both sides of a depthwise convolution, and what it made of them into the next bias', () => {
    // Channel 5 is not 0, and zeros around it: the depthwise convolution has other numbers at the border.
    expect(narrowed(graphOf(separable))).toEqual([
      [7, 3, 3, 3],
      [7, 1, 3, 3],
      [5, 7, 1, 1],
    ]);
  });

  it('may have weights below the rounding of float32, and no larger ones', () => {
    expect(narrowed(graphOf((b, x) => separable(b, x, 1e-20)))[0]).toEqual([7, 3, 3, 3]);
    expect(narrowed(graphOf((b, x) => separable(b, x, 1e-9)))[0]).toEqual([8, 3, 3, 3]);
  });

  it('that are not 0 go where nothing is padded', () => {
    const net = (pad: number) =>
      graphOf((b, x) => conv(b, conv(b, x, 3, 6, { constant: { 0: 0.7, 4: -0.3 } }), 6, 4, { kernel: 3, pad }));
    expect(narrowed(net(0))[1]).toEqual([4, 4, 3, 3]);
    expect(narrowed(net(1))[1]).toEqual([4, 6, 3, 3]);
  });

  it('that are not 0 stay where the reader has no bias to take them', () => {
    const net = (bias: number) =>
      graphOf((b, x) => conv(b, conv(b, x, 3, 6, { constant: { 0: bias } }), 6, 4, { hasBias: false }));
    expect(narrowed(net(0.7))[1]).toEqual([4, 6, 1, 1]);
    expect(narrowed(net(0))[1]).toEqual([4, 5, 1, 1]);
  });

  it('make what reads nothing else constant', () => {
    const dims = narrowed(
      graphOf((b, x) => {
        const first = relu(b, conv(b, x, 3, 4, { constant: { 1: -1 } }));
        const depthwise = relu(b, conv(b, first, 4, 4, { group: 4, kernel: 3, constant: { 1: 0.25 }, weight: 1 }));
        return conv(b, depthwise, 4, 3, { kernel: 3 });
      }),
    );
    expect(dims).toEqual([
      [3, 3, 1, 1],
      [3, 1, 3, 3],
      [3, 3, 3, 3],
    ]);
  });

  it('of a residual sum go where both of its parts have them', () => {
    const net = (other: number) =>
      graphOf((b, x) => {
        const left = conv(b, x, 3, 5, { constant: { 3: 0.25 } });
        const right = conv(b, relu(b, left), 5, 5, { constant: { [other]: 0.5 } });
        return conv(b, b.op('Add', [left, right]), 5, 2);
      });
    expect(narrowed(net(3))).toEqual([
      [4, 3, 1, 1],
      [4, 4, 1, 1],
      [2, 4, 1, 1],
    ]);
    expect(narrowed(net(2))[0]).toEqual([5, 3, 1, 1]);
  });

  it('go from products too', () => {
    const b = new NetBuilder(1);
    const x = b.input('x', 'float32', SHAPE);
    const first = b.op('Gemm', [
      b.op('Flatten', [x]),
      b.values(
        [126, 3],
        [...Array(378).keys()].map((i) => (i % 3 ? 0.01 : 0)),
      ),
    ]);
    b.output(b.op('Gemm', [first, b.weight([4, 3])], { transB: true }));
    expect(narrowed(inferShapes(b.build()))).toEqual([
      [126, 2],
      [4, 2],
    ]);
  });

  it.each<[string, (b: NetBuilder, x: string) => string]>([
    ['that something else reads', (b, x) => b.op('Sigmoid', [x])],
    ['of an output of the model', published],
  ])('stay in values %s', (_, between) => {
    const graph = graphOf((b, x) => conv(b, between(b, conv(b, x, 3, 6, { constant: { 2: 0 } })), 6, 4));
    expect(removeConstantChannels(graph)).toBe(graph);
  });

  it('stay where no others are left', () => {
    const graph = graphOf((b, x) => conv(b, relu(b, conv(b, x, 3, 2, { constant: { 0: -1, 1: -1 } })), 2, 4));
    expect(removeConstantChannels(graph)).toBe(graph);
  });

  it('are in no quantized model', async () => {
    const samples = samplesOf('x', SHAPE, 8);
    const { model, layers } = await quantize(exportOnnx(graphOf(separable)), { runtime: InferenceSession, samples });
    expect(layers.map(({ outputs }) => outputs)).toEqual([7, 7, 5]);
    const session = await InferenceSession.create(model);
    const [output] = Object.values(await session.run(sampleOf('x', SHAPE, 1)));
    await session.release();
    expect(distance(output?.data as Float32Array, outputOf(graphOf(separable), 1))).toBeLessThan(0.02);
  });
});
