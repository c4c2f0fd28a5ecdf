import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Graph } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { correctBias } from '../../src/quantize/bias.js';
import { equalize } from '../../src/quantize/equalize.js';
import { resultErrors } from '../../src/quantize/layer-errors.js';
import { layersOf, weightsOf } from '../../src/quantize/layers.js';
import type { Matrix } from '../../src/quantize/matrix.js';
import { place } from '../../src/quantize/placement.js';
import { prepare } from '../../src/quantize/prepare.js';
import { quantize } from '../../src/quantize/quantize.js';
import { NetBuilder } from '../support/graphs.js';
import { denseNet, distance, residualNet, sampleOf, samplesOf } from './nets.js';

const output = (graph: Graph, feeds: Readonly<Record<string, Tensor>>): Float32Array => {
  const [name] = graph.outputs as [string];
  return runGraph(graph, new Map(Object.entries(feeds))).get(name)?.data as Float32Array;
};

describe('cross-layer equalisation', () => {
  /** Random weights whose rows are multiplied with 10^-2 .. 10^2, and whose input channels are divided by such factors. */
  const uneven = (b: NetBuilder, dims: readonly [number, number, number], up: boolean, down: boolean): string => {
    const [outputs, inputs, k] = dims;
    const factor = (channel: number): number => 10 ** ((channel % 5) - 2);
    const next = random(outputs + k);
    const numbers = Array.from({ length: outputs * inputs * k * k }, (_, i) => {
      const [row, column] = [Math.floor(i / (inputs * k * k)), Math.floor(i / (k * k)) % inputs];
      return ((2 * next() - 1) * (up ? factor(row) : 1)) / (down ? factor(column) : 1);
    });
    return b.values([outputs, inputs, k, k], numbers);
  };
  const net = (): Graph => {
    const b = new NetBuilder(6);
    const x = b.input('x', 'float32', [1, 3, 8, 8]);
    const first = b.op('Relu', [b.op('Conv', [x, uneven(b, [5, 3, 3], true, false)])]);
    const pooled = b.op('MaxPool', [first], { kernel_shape: [2, 2] });
    const second = b.op('LeakyRelu', [
      b.op('Conv', [pooled, uneven(b, [6, 5, 1], true, true), b.values([6], [0.01, 0.1, 1, 10, 100, 0.01])]),
    ]);
    const depthwise = b.op('Conv', [second, b.weight([6, 1, 3, 3]), b.weight([6])], { group: 6 });
    b.output(b.op('Conv', [depthwise, uneven(b, [4, 6, 2], false, true), b.weight([4])]));
    return inferShapes(b.build());
  };
  /** Largest weights of the rows of each layer, as the ratio of the largest row to the smallest. */
  const spread = (graph: Graph): number[] =>
    layersOf(graph).map((layer) => {
      const { rows, columns, data } = weightsOf(graph, layer);
      const most = Array.from({ length: rows }, (_, r) =>
        Math.max(...data.subarray(r * columns, (r + 1) * columns).map(Math.abs)),
      );
      return Math.max(...most) / Math.min(...most);
    });

  it('keeps the function and evens out the channels', () => {
    const graph = net();
    const equal = equalize(graph);
    const sample = sampleOf('x', [1, 3, 8, 8], 4);
    expect(distance(output(equal, sample), output(graph, sample))).toBeLessThan(1e-5);
    const [before, after] = [spread(graph), spread(equal)];
    expect(after[0]).toBeLessThan(0.05 * (before[0] as number));
    expect(after[1]).toBeLessThan(0.05 * (before[1] as number));
  });

  it('makes one scale for all weights enough', async () => {
    const model = exportOnnx(net());
    const samples = samplesOf('x', [1, 3, 8, 8], 8);
    const error = async (equalizes: boolean): Promise<number> => {
      const { after } = await quantize(model, { activations: 'none', granularity: 'tensor', equalize: equalizes });
      const [sample] = samples as [Record<string, Tensor>];
      return distance(output(after, sample), output(net(), sample));
    };
    expect(await error(true)).toBeLessThan(0.2 * (await error(false)));
  });

  it.each([
    ['a function that is not homogeneous', (b: NetBuilder, x: string) => b.op('Sigmoid', [x])],
    ['an upper bound', (b: NetBuilder, x: string) => b.op('Clip', [x], { min: 0, max: 6 })],
    ['a second reader', (b: NetBuilder, x: string) => b.op('Add', [x, b.conv(x, 5, 5, 1)])],
  ])('does nothing across %s', (_, between) => {
    const b = new NetBuilder(6);
    const first = b.op('Conv', [b.input('x', 'float32', [1, 3, 8, 8]), uneven(b, [5, 3, 3], true, false)]);
    b.output(b.op('Conv', [between(b, first), b.weight([4, 5, 2, 2])]));
    const graph = inferShapes(b.build());
    const layers = layersOf(graph);
    const [a] = layers as [(typeof layers)[number]];
    expect(weightsOf(equalize(graph), a)).toEqual(weightsOf(graph, a));
  });
});

describe('bias correction', () => {
  it('keeps the means of the outputs', () => {
    const exact: Matrix = { rows: 4, columns: 3, data: Float64Array.from({ length: 12 }, (_, i) => Math.sin(i)) };
    const rounded: Matrix = { ...exact, data: exact.data.map((w) => Math.round(w * 4) / 4) };
    const mean = [Float64Array.of(1, -2, 3), Float64Array.of(0.5, 4, -1)];
    const bias = Float64Array.of(1, 2, 3, 4);
    const corrected = correctBias(bias, exact, rounded, { mean });
    for (let r = 0; r < 4; r++) {
      const of = (matrix: Matrix, b: Float64Array): number =>
        (mean[r >> 1] as Float64Array).reduce((sum, x, c) => sum + x * (matrix.data[r * 3 + c] as number), b[r] as number);
      expect(of(rounded, corrected)).toBeCloseTo(of(exact, bias), 12);
      expect(of(rounded, bias)).not.toBeCloseTo(of(exact, bias), 3);
    }
  });

  it('brings a model in few bits closer to what it was on average', async () => {
    const model = denseNet();
    const samples = samplesOf('x', [4, 40], 32);
    const shift = async (correct: boolean): Promise<number> => {
      const { after } = await quantize(model, {
        runtime: InferenceSession,
        samples,
        weights: 'int4',
        granularity: 'channel',
        correctBias: correct,
      });
      const means = [after, importOnnx(model)].map((graph) => {
        const sums = new Float64Array(6);
        for (const sample of samples) output(graph, sample).forEach((y, i) => (sums[i % 6] = (sums[i % 6] as number) + y));
        return sums;
      });
      return distance(means[0] as Float64Array, means[1] as Float64Array);
    };
    expect(await shift(true)).toBeLessThan(0.6 * (await shift(false)));
  });
});

describe('prepare', () => {
  it('folds normalisation and padding, and joins a product with its bias', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['n', 3, 6, 6]);
    const padded = b.op('Pad', [x, b.ints(0, 0, 1, 1, 0, 0, 1, 1)]);
    const y = b.batchNormalization(b.op('Conv', [padded, b.weight([4, 3, 3, 3])]), 4);
    const flat = b.op('Flatten', [b.op('GlobalAveragePool', [y])]);
    b.output(b.op('Add', [b.weight([1, 2]), b.op('MatMul', [flat, b.weight([4, 2])])]));
    const graph = prepare(exportOnnx(b.build()));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Conv', 'GlobalAveragePool', 'Flatten', 'Gemm']);
    const sample = sampleOf('x', [2, 3, 6, 6], 3);
    expect(distance(output(graph, sample), output(importOnnx(exportOnnx(b.build())), sample))).toBeLessThan(1e-5);
  });

  it('knows ranks that follow from the extents of inputs', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['n', 4, 4]);
    const first = b.op('Slice', [b.op('Shape', [x]), b.ints(0), b.ints(1)]);
    const shaped = b.op('Reshape', [b.op('MatMul', [x, b.weight([4, 4])]), b.op('Concat', [first, b.ints(2, -1)], { axis: 0 })]);
    b.output(b.op('Softmax', [shaped]));
    const graph = prepare(exportOnnx(b.build()));
    expect(graph.values.get(shaped)?.shape).toHaveLength(3);
  });
});

describe('placement', () => {
  const graph = prepare(residualNet());
  const ops = (names: Iterable<string>): string[] => [...names];

  it('has integers wherever all that is read is made of them', () => {
    const { nodes, roots, layers } = place(graph, () => false);
    const floats = graph.nodes.filter((node) => !nodes.has(node)).map(({ op }) => op);
    expect(floats).toEqual(['Relu', 'Clip', 'Relu', 'Relu', 'Relu', 'Relu', 'Softmax']);
    expect(layers.size).toBe(7);
    const pool = graph.nodes.find(({ op }) => op === 'MaxPool');
    expect(roots.get(pool?.outputs[0] as string)).toBe(pool?.inputs[0]);
    expect(ops(roots.keys())).toContain('image');
    expect(roots.has(graph.outputs[0] as string)).toBe(false);
  });

  it('goes back to floats where one of two inputs is one', () => {
    const { nodes } = place(graph, (node) => node.name === 'Conv_0');
    const adds = graph.nodes.filter(({ op }) => op === 'Add').map((node) => nodes.has(node));
    // The first sum reads the pooled result of the convolution that stays a float.
    expect(adds).toEqual([false, true]);
  });
});

describe('errors of results', () => {
  it('are those of the two models side by side', async () => {
    const model = residualNet();
    const samples = samplesOf('image', [1, 3, 12, 12], 6);
    const quantization = await quantize(model, { runtime: InferenceSession, samples });
    const pairs = quantization.layers.map(({ result }) => result);
    const errors = await resultErrors(quantization, pairs, samples, InferenceSession);
    expect(errors).toHaveLength(7);
    for (const error of errors) {
      expect(error).toBeGreaterThan(1e-4);
      expect(error).toBeLessThan(0.1);
    }
    // The last layer writes floats under the same name: computed here too.
    const last = pairs.at(-1) as (typeof pairs)[number];
    let [error, norm] = [0, 0];
    for (const sample of samples) {
      const [a, b] = [quantization.before, quantization.after].map((graph, i) => {
        const found = runGraph(graph, new Map(Object.entries(sample)));
        return found.get(i === 0 ? last.before : last.after)?.data as Float32Array;
      }) as [Float32Array, Float32Array];
      a.forEach((y, i) => {
        error += (y - (b[i] as number)) ** 2;
        norm += y * y;
      });
    }
    expect(errors.at(-1)).toBeCloseTo(Math.sqrt(error / norm), 3);
  });

  it('are 0 for results that are the same, and for zeros', async () => {
    const graph = prepare(denseNet());
    const [name] = graph.outputs as [string];
    const pairs = [{ before: name, after: name, affine: undefined }];
    const zeros = [{ x: new Tensor('float32', new Float32Array(160), [4, 40]) }];
    const same = { before: graph, after: graph };
    expect(await resultErrors(same, pairs, samplesOf('x', [4, 40], 2), InferenceSession)).toEqual([0]);
    expect(await resultErrors(same, [{ before: 'x', after: 'x', affine: undefined }], zeros, InferenceSession)).toEqual([0]);
  });
});
