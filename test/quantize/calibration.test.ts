import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import type { Graph } from '../../src/graph/graph.js';
import { inferShapes } from '../../src/ops/infer.js';
import { BINS, calibrate } from '../../src/quantize/calibrate.js';
import { type Layer, layersOf } from '../../src/quantize/layers.js';
import type { Sample } from '../../src/quantize/runtime.js';
import { columnStatistics } from '../../src/quantize/statistics.js';
import { slidingWindows } from '../../src/tensor/window.js';
import { NetBuilder } from '../support/graphs.js';
import { distance, sampleOf, samplesOf } from './nets.js';

const build = (make: (b: NetBuilder, x: string) => string, shape: readonly (number | string)[] = [1, 4, 9, 7]): Graph => {
  const b = new NetBuilder(2);
  b.output(make(b, b.input('x', 'float32', shape)));
  return inferShapes(b.build());
};

const valuesOf = (graph: Graph, samples: readonly Sample[], name: string): number[] =>
  samples.flatMap((sample) => {
    const found = runGraph(graph, new Map(Object.entries(sample)));
    return [...((found.get(name) as Tensor).data as Float32Array)];
  });

describe('calibration', () => {
  const graph = build((b, x) => b.op('Relu', [b.conv(x, 4, 6, 3)]));
  const samples = samplesOf('x', [1, 4, 9, 7], 5);
  const [conv, relu] = graph.nodes.map(({ outputs }) => outputs[0] as string) as [string, string];

  it('finds the bounds and counts of values on the GPU', async () => {
    const steps: string[] = [];
    const onProgress = (step: string, done: number, total: number | undefined): void =>
      void steps.push(`${step} ${done}/${total}`);
    const found = await calibrate(graph, ['x', conv, relu], samples, InferenceSession, { onProgress });
    for (const name of ['x', conv, relu]) {
      const values = valuesOf(graph, samples, name);
      const { low, high, counts } = found.get(name) as NonNullable<ReturnType<typeof found.get>>;
      expect(low).toBeCloseTo(Math.min(...values), 4);
      expect(high).toBeCloseTo(Math.max(...values), 4);
      expect(counts).toHaveLength(BINS);
      expect(counts.reduce((a, b) => a + b, 0)).toBe(values.length);
      const mean = counts.reduce((sum, n, i) => sum + n * (low + ((i + 0.5) * (high - low)) / BINS), 0) / values.length;
      expect(mean).toBeCloseTo(values.reduce((a, b) => a + b, 0) / values.length, 2);
    }
    expect(steps).toHaveLength(10);
    expect(steps[0]).toBe('finding bounds 1/5');
    expect(steps[9]).toBe('counting 5/5');
  });

  it('goes through samples that come one by one', async () => {
    const streamed = {
      async *[Symbol.asyncIterator]() {
        for (const sample of samples) yield sample;
      },
    };
    const [a, b] = [
      await calibrate(graph, [relu], streamed, InferenceSession),
      await calibrate(graph, [relu], samples, InferenceSession),
    ];
    expect(a).toEqual(b);
  });

  it('leaves a value that never changes without counts', async () => {
    const zeros = [{ x: new Tensor('float32', new Float32Array(252), [1, 4, 9, 7]) }];
    expect((await calibrate(graph, ['x'], zeros, InferenceSession)).get('x')).toEqual({
      low: 0,
      high: 0,
      counts: new Float64Array(0),
    });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', async (bad) => {
    const [{ x }] = samplesOf('x', [1, 4, 9, 7], 1) as [{ x: Tensor }];
    (x.data as Float32Array)[100] = bad;
    await expect(calibrate(graph, ['x'], [{ x }], InferenceSession)).rejects.toMatchObject({
      code: 'invalid-argument',
      tensor: 'x',
    });
  });

  it('refuses no samples', async () => {
    const none = { async *[Symbol.asyncIterator]() {} };
    await expect(calibrate(graph, ['x'], none, InferenceSession)).rejects.toThrow('there is no calibration data');
  });
});

/** The columns that a convolution multiplies with, by plain loops: [positions][columns] of one group. */
const columnsOf = (graph: Graph, layer: Layer, sample: Sample, group: number): number[][] => {
  const { node, dims, columns, groups, input } = layer;
  const x = runGraph(graph, new Map(Object.entries(sample))).get(input) ?? (sample[input] as Tensor);
  const data = x.data as Float32Array;
  if (node.op !== 'Conv')
    return Array.from({ length: data.length / columns }, (_, r) => [...data.subarray(r * columns, (r + 1) * columns)]);
  const [, channels, height, width] = x.dims as readonly [number, number, number, number];
  const kernel = dims.slice(2) as [number, number];
  const [down, across] = slidingWindows([height, width], node.attributes as never, kernel) as [
    ReturnType<typeof slidingWindows>[number],
    ReturnType<typeof slidingWindows>[number],
  ];
  const perGroup = channels / groups;
  const result: number[][] = [];
  for (let oy = 0; oy < down.output; oy++) {
    for (let ox = 0; ox < across.output; ox++) {
      const column: number[] = [];
      for (let c = 0; c < perGroup; c++) {
        for (let ky = 0; ky < kernel[0]; ky++) {
          for (let kx = 0; kx < kernel[1]; kx++) {
            const y = oy * down.stride - down.padBegin + ky * down.dilation;
            const xx = ox * across.stride - across.padBegin + kx * across.dilation;
            const inside = y >= 0 && y < height && xx >= 0 && xx < width;
            column.push(inside ? (data[((group * perGroup + c) * height + y) * width + xx] as number) : 0);
          }
        }
      }
      result.push(column);
    }
  }
  return result;
};

describe('sums of products of columns', () => {
  const cases: [string, Graph, readonly number[]][] = [
    ['3 x 3', build((b, x) => b.conv(x, 4, 6, 3)), [1, 4, 9, 7]],
    ['strides, uneven pads', build((b, x) => b.conv(x, 4, 6, 3, { strides: [2, 1], pads: [0, 1, 2, 0] })), [1, 4, 9, 7]],
    ['dilations', build((b, x) => b.conv(x, 4, 6, 3, { dilations: [2, 1], pads: [2, 1, 2, 1] })), [1, 4, 9, 7]],
    [
      'SAME_LOWER',
      build((b, x) => b.conv(x, 4, 6, 3, { auto_pad: 'SAME_LOWER', pads: undefined, strides: [2, 2] })),
      [1, 4, 9, 7],
    ],
    ['groups', build((b, x) => b.conv(x, 4, 6, 5, { group: 2 })), [1, 4, 9, 7]],
    ['1 x 1', build((b, x) => b.conv(x, 24, 6, 1), [1, 24, 3, 3]), [1, 24, 3, 3]],
    ['1 x 1 with a stride', build((b, x) => b.conv(x, 24, 6, 1, { strides: [2, 2] }), [1, 24, 3, 3]), [1, 24, 3, 3]],
    ['a product of rank 3', build((b, x) => b.op('MatMul', [x, b.weight([20, 6])]), ['n', 5, 20]), [2, 5, 20]],
    ['Gemm', build((b, x) => b.op('Gemm', [x, b.weight([6, 20])], { transB: true }), [3, 20]), [3, 20]],
  ];

  it.each(cases)('%s', async (_, graph, shape) => {
    const [layer] = layersOf(graph) as [Layer];
    const samples = [sampleOf('x', shape, 1), sampleOf('x', shape, 2)];
    const options = { means: true, products: true, unit: 1 };
    const found = (await columnStatistics(graph, [layer], samples, InferenceSession, options)).get(layer);
    for (let group = 0; group < layer.groups; group++) {
      const columns = samples.flatMap((sample) => columnsOf(graph, layer, sample, group));
      const n = layer.columns;
      const gram = new Float64Array(n * n);
      for (const x of columns) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) gram[i * n + j] = (gram[i * n + j] as number) + (x[i] as number) * (x[j] as number);
        }
      }
      const mean = Array.from({ length: n }, (__, i) => columns.reduce((sum, x) => sum + (x[i] as number), 0) / columns.length);
      expect(found?.count).toBe(columns.length);
      expect(distance(found?.products[group]?.sums as Float64Array, gram)).toBeLessThan(1e-5);
      expect(distance(found?.mean[group] as Float64Array, mean)).toBeLessThan(1e-5);
    }
  });

  it('of very many columns are made block by block', async () => {
    const graph = build((b, x) => b.op('MatMul', [x, b.weight([4500, 2])]), [3, 4500]);
    const [layer] = layersOf(graph) as [Layer];
    const [sample] = samplesOf('x', [3, 4500], 1) as [Sample];
    const options = { means: false, products: true, unit: 32 };
    const found = (await columnStatistics(graph, [layer], [sample], InferenceSession, options)).get(layer);
    expect(found?.products.map(({ group, from, to }) => [group, from, to])).toEqual([
      [0, 0, 1504],
      [0, 1504, 3008],
      [0, 3008, 4500],
    ]);
    const x = (sample.x as Tensor).data as Float32Array;
    const at = (i: number, j: number): number =>
      [0, 1, 2].reduce((sum, r) => sum + (x[r * 4500 + i] as number) * (x[r * 4500 + j] as number), 0);
    expect(found?.products[1]?.sums[7 * 1504 + 900]).toBeCloseTo(at(1511, 2404), 5);
  });

  it('are left out for rows of few weights', async () => {
    const graph = build((b, x) => b.conv(x, 4, 4, 3, { group: 4 }));
    const layers = layersOf(graph);
    const samples = samplesOf('x', [1, 4, 9, 7], 1);
    const statistics = async (means: boolean) =>
      columnStatistics(graph, layers, samples, InferenceSession, { means, products: true, unit: 1 });
    expect((await statistics(false)).size).toBe(0);
    expect((await statistics(true)).get(layers[0] as Layer)?.products).toEqual([]);
  });
});
