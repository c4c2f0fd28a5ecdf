import { describe, expect, it } from 'vitest';
import { InferenceSession, type Tensor } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { equalizeActivations } from '../../src/quantize/equalize-activations.js';
import { ownLayersOf } from '../../src/quantize/layers.js';
import { quantize } from '../../src/quantize/quantize.js';
import { streamsOf } from '../../src/quantize/streams.js';
import { NetBuilder } from '../support/graphs.js';
import { distance, sampleOf, samplesOf } from './nets.js';

const SHAPE = [1, 3, 8, 8];
const samples = samplesOf('x', SHAPE, 8);

/** A convolution whose outputs differ in magnitude by up to 100 to 1. */
const unevenConv = (b: NetBuilder, x: string, inputs: number, outputs: number): string => {
  const size = inputs * 9;
  const numbers = Array.from(
    { length: outputs * size },
    (_, i) => Math.sin(7 * i + 1) * 10 ** ((Math.floor(i / size) % 5) / 2 - 2),
  );
  return b.op(
    'Conv',
    [x, b.values([outputs, inputs, 3, 3], numbers), b.values([outputs], new Array<number>(outputs).fill(0.001))],
    {
      pads: [1, 1, 1, 1],
    },
  );
};

/** A residual sum of which both parts are uneven, under a depthwise convolution and another with an upper bound. */
const net = (): Graph => {
  const b = new NetBuilder(6);
  const x = b.input('x', 'float32', SHAPE);
  const stem = unevenConv(b, x, 3, 6);
  const hidden = b.op('Relu', [b.conv(stem, 6, 10, 1)]);
  const sum = b.op('Add', [stem, unevenConv(b, hidden, 10, 6)]);
  const rectified = b.op('Relu', [unevenConv(b, sum, 6, 8)]);
  const depthwise = b.op('Clip', [b.conv(rectified, 8, 8, 3, { group: 8 })], { min: 0, max: 6 });
  const pooled = b.op('AveragePool', [depthwise], { kernel_shape: [2, 2], strides: [2, 2] });
  b.output(b.conv(pooled, 8, 5, 1));
  return inferShapes(b.build());
};

const numbersOf = (graph: Graph, name: string, sample: Readonly<Record<string, Tensor>>): Float32Array =>
  runGraph({ ...graph, outputs: [name] }, new Map(Object.entries(sample))).get(name)?.data as Float32Array;

const equalized = (graph: Graph): Promise<Graph> => equalizeActivations(graph, samples, InferenceSession);

const publish = (b: NetBuilder, x: string): string => {
  b.output(x);
  return x;
};

describe('streams', () => {
  it('join what a residual sum adds, and end at layers', () => {
    const graph = net();
    const streams = streamsOf(graph, ownLayersOf(graph));
    expect(streams.map(({ writers, readers }) => [writers.length, readers.length])).toEqual([
      [2, 2],
      [1, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(streams.map(({ bound }) => bound)).toEqual([Infinity, Infinity, Infinity, 6]);
    // The first sum has three values; what a rectifier reads is never stated in integers.
    expect(streams.map(({ values }) => values.length)).toEqual([3, 1, 1, 2]);
  });

  it.each<[string, (b: NetBuilder, x: string) => string]>([
    ['a function that is not homogeneous', (b, x) => b.op('Sigmoid', [x])],
    ['a lower bound below 0', (b, x) => b.op('Clip', [x], { min: -1, max: 6 })],
    ['a sum that broadcasts', (b, x) => b.op('Add', [x, b.op('GlobalAveragePool', [x])])],
    ['a constant', (b, x) => b.op('Add', [x, b.weight([1, 5, 1, 1])])],
    ['a reader that mixes channels', (b, x) => b.op('Add', [x, b.op('Softmax', [x], { axis: 1 })])],
    ['an output of the model', publish],
  ])('end before %s', (_, between) => {
    const b = new NetBuilder(6);
    const first = b.conv(b.input('x', 'float32', SHAPE), 3, 5, 3);
    b.output(b.conv(between(b, first), 5, 4, 1));
    const graph = inferShapes(b.build());
    expect(streamsOf(graph, ownLayersOf(graph))).toEqual([]);
  });

  it('are none where channels lie along different axes', () => {
    const b = new NetBuilder(6);
    const product = b.op('MatMul', [b.input('x', 'float32', [1, 4, 6]), b.weight([6, 4])]);
    const pooled = b.op('MaxPool', [product], { kernel_shape: [2], strides: [2] });
    b.output(b.op('MatMul', [b.op('MatMul', [pooled, b.weight([2, 3])]), b.weight([3, 3])]));
    b.output(b.op('Conv', [product, b.weight([2, 4, 1])]));
    const graph = inferShapes(b.build());
    const streams = streamsOf(graph, ownLayersOf(graph));
    expect(streams.map(({ writers }) => writers.map(({ node }) => node.name))).toEqual([['MatMul_2']]);
  });
});

describe('equalisation of activations', () => {
  const ranges = (graph: Graph, name: string): number[] => {
    const most: number[] = [];
    for (const sample of samples) {
      const numbers = numbersOf(graph, name, sample);
      const channels = graph.values.get(name)?.shape?.[1] as number;
      numbers.forEach((x, i) => {
        const c = Math.floor(i / (numbers.length / channels));
        most[c] = Math.max(most[c] ?? 0, Math.abs(x));
      });
    }
    return most;
  };
  const unevenness = (graph: Graph, name: string): number => Math.max(...ranges(graph, name)) / Math.min(...ranges(graph, name));

  it('keeps the function and brings the ranges of channels closer', async () => {
    const graph = net();
    const equal = await equalized(graph);
    const [output] = graph.outputs as [string];
    for (const seed of [4, 5]) {
      const sample = sampleOf('x', SHAPE, seed);
      expect(distance(numbersOf(equal, output, sample), numbersOf(graph, output, sample))).toBeLessThan(1e-5);
    }
    const streams = streamsOf(graph, ownLayersOf(graph));
    const [sum, , rectified] = streams.map(({ values }) => values.at(-1) as string) as [string, string, string];
    expect(unevenness(equal, sum)).toBeLessThan(0.5 * unevenness(graph, sum));
    // The depthwise convolution that reads these has a scale for each channel: they become as even as they may.
    expect(unevenness(equal, rectified)).toBeLessThan(0.15 * unevenness(graph, rectified));
  });

  it('scales nothing beyond a bound', async () => {
    const graph = net();
    const equal = await equalized(graph);
    const clipped = graph.nodes.find(({ op }) => op === 'Clip')?.outputs[0] as string;
    const [before, after] = [ranges(graph, clipped), ranges(equal, clipped)];
    after.forEach((most, c) => {
      expect(most).toBeLessThanOrEqual(Math.max(4.001, 1.0001 * (before[c] as number)));
      expect(most).toBeGreaterThanOrEqual(0.9999 * (before[c] as number));
    });
  });

  it('makes integers of activations more accurate, and is what is done by default', async () => {
    const b = new NetBuilder(6);
    // Channels of all magnitudes count alike: what reads the small ones has large weights.
    const hidden = b.op('Relu', [unevenConv(b, b.input('x', 'float32', SHAPE), 3, 10)]);
    const columns = Array.from({ length: 40 }, (_, i) => Math.cos(3 * i) / 10 ** ((i % 5) / 2 - 2));
    b.output(b.op('Conv', [hidden, b.values([4, 10, 1, 1], columns), b.weight([4])]));
    const model = exportOnnx(b.build());
    const tests = samplesOf('x', SHAPE, 4, 900);
    const error = async (options: { equalize?: boolean }): Promise<number> => {
      const { before, after } = await quantize(model, { runtime: InferenceSession, samples, ...options });
      const all = (graph: Graph): number[] =>
        tests.flatMap((sample) => [...numbersOf(graph, graph.outputs[0] as string, sample)]);
      return distance(all(after), all(before));
    };
    const [plain, equal, usual] = [await error({ equalize: false }), await error({ equalize: true }), await error({})];
    expect(equal).toBeLessThan(0.3 * plain);
    expect(usual).toBe(equal);
  });
});
