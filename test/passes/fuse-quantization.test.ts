import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { Executable } from '../../src/device/executable.js';
import type { Graph } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { compareNumbers, describeComparison, matmulTolerance } from '../../src/tensor/compare.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { type DType, integerRange } from '../../src/tensor/dtype.js';
import { QuantizedTensor } from '../../src/tensor/quantized-tensor.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from '../support/device.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

/** Builds nets in the QDQ form. */
class QdqBuilder extends NetBuilder {
  readonly dtype: DType;
  readonly #next = random(11);
  #scale = 0;

  constructor(dtype: DType) {
    super('qdq'.length);
    this.dtype = dtype;
  }

  /** The value, quantized and dequantized: by a scale of its own unless one is given. */
  qdq(x: string, scale = 0.011 + 0.002 * this.#scale++, zero = this.dtype === 'int8' ? -3 : 119): string {
    const by = [this.values([], [scale]), this.values([], [zero], this.dtype)];
    return this.op('DequantizeLinear', [this.op('QuantizeLinear', [x, ...by]), ...by]);
  }

  /** Quantized weights of [outputs, ...], one scale an output along the axis, or one for all. */
  weights(shape: readonly number[], axis: number, perChannel = true, dtype: DType = 'int8'): string {
    const size = shape.reduce((a, b) => a * b, 1);
    const low = dtype === 'int8' ? -127 : 0;
    const steps = Array.from({ length: size }, () => Math.round(low + 254 * this.#next()));
    const count = shape[axis] as number;
    const scale = perChannel
      ? this.values(
          [count],
          Array.from({ length: count }, (_, i) => 0.002 + 0.0004 * (i % 5)),
        )
      : this.values([], [0.003]);
    const zero =
      dtype === 'int8' ? [] : [this.values(perChannel ? [count] : [], new Array(perChannel ? count : 1).fill(128), dtype)];
    return this.op('DequantizeLinear', [this.values(shape, steps, dtype), scale, ...zero], { axis });
  }

  convolution(x: string, shape: readonly number[], attributes = {}, bias = true): string {
    const pads = [1, 1, 1, 1].map(() => Math.floor((shape[2] as number) / 2));
    const b = bias ? [this.weight([shape[0] as number])] : [];
    return this.op('Conv', [x, this.weights(shape, 0), ...b], { kernel_shape: shape.slice(2), pads, ...attributes });
  }
}

type Build = (b: QdqBuilder, x: string) => string;
const image = [2, 5, 6, 7];

const netOf = (build: Build, dtype: DType, shape: readonly number[]): Graph => {
  const b = new QdqBuilder(dtype);
  b.output(b.qdq(build(b, b.qdq(b.input('x', 'float32', shape)))));
  return inferShapes(b.build());
};

const bound = (graph: Graph): Graph =>
  bind(optimize(graph), new Map(graph.inputs.map((name) => [name, graph.values.get(name)?.shape as number[]])));

const opsOf = (graph: Graph): string[] =>
  buildPlan(graph, { ...defaultFacts, kind: 'cpu', features: ['subgroups'] }).commands.map((c) =>
    c.kind === 'dispatch' ? c.op : c.kind,
  );

/** What runs between the QuantizeLinear and the DequantizeLinear of each net. */
const nets: readonly (readonly [string, readonly string[], Build, (readonly number[])?])[] = [
  ['Conv', ['QLinearConv'], (b, x) => b.convolution(x, [7, 5, 3, 3])],
  ['Conv without bias + Relu', ['QLinearConv'], (b, x) => b.op('Relu', [b.convolution(x, [8, 5, 1, 1], {}, false)])],
  ['Conv + Clip', ['QLinearConv'], (b, x) => b.op('Clip', [b.convolution(x, [8, 5, 3, 3])], { min: -0.3, max: 0.8 })],
  ['depthwise Conv + Relu', ['QLinearConv'], (b, x) => b.op('Relu', [b.convolution(x, [5, 1, 3, 3], { group: 5 })])],
  [
    'a residual block',
    ['QLinearConv', 'QLinearConv', 'com.microsoft.QLinearAdd'],
    (b, x) => {
      const y = b.qdq(b.op('Relu', [b.convolution(x, [5, 5, 3, 3])]));
      return b.op('Relu', [b.op('Add', [b.qdq(b.convolution(y, [5, 5, 3, 3])), x])]);
    },
  ],
  [
    'a head',
    ['QLinearConv', 'com.microsoft.QLinearGlobalAveragePool', 'com.microsoft.QGemm'],
    (b, x) => {
      const y = b.qdq(b.op('GlobalAveragePool', [b.qdq(b.convolution(x, [8, 5, 1, 1]))]));
      return b.op('Gemm', [b.op('Flatten', [y], { axis: 1 }), b.weights([8, 3], 1), b.weight([3])]);
    },
  ],
  [
    'an image in a row',
    ['QLinearConv', 'com.microsoft.QGemm'],
    (b, x) => b.op('Gemm', [b.op('Flatten', [b.qdq(b.convolution(x, [8, 5, 1, 1]))], { axis: 1 }), b.weights([8 * 42, 3], 1)]),
  ],
  [
    'an image in a row, transposed weights',
    ['QLinearConv', 'com.microsoft.QGemm'],
    (b, x) => {
      const y = b.op('Reshape', [b.qdq(b.convolution(x, [4, 5, 1, 1])), b.ints(2, -1)]);
      return b.op('Gemm', [y, b.weights([3, 4 * 42], 0)], { transB: true });
    },
  ],
  [
    'ReduceMean over space',
    ['QLinearConv', 'com.microsoft.QLinearGlobalAveragePool'],
    (b, x) => b.op('ReduceMean', [b.qdq(b.convolution(x, [8, 5, 1, 1])), b.ints(2, 3)]),
  ],
  [
    'pools',
    ['QLinearConv', 'tilewise.MaxPool', 'com.microsoft.QLinearAveragePool'],
    (b, x) => {
      const y = b.op('MaxPool', [b.qdq(b.convolution(x, [6, 5, 3, 3]))], { kernel_shape: [2, 2], pads: [0, 0, 1, 1] });
      return b.op('AveragePool', [b.qdq(y, 0.013, b.dtype === 'int8' ? -3 : 119)], { kernel_shape: [3, 3], strides: [2, 2] });
    },
  ],
  [
    'branches',
    ['QLinearConv', 'QLinearConv', 'com.microsoft.QLinearConcat', 'com.microsoft.QLinearConcat'],
    (b, x) => b.op('Concat', [b.qdq(b.convolution(x, [8, 5, 1, 1])), b.qdq(b.convolution(x, [4, 5, 3, 3]))], { axis: 1 }),
  ],
  [
    'activations by a table',
    ['QLinearConv', 'tilewise.Lookup', 'com.microsoft.QLinearMul'],
    (b, x) => {
      const y = b.qdq(b.convolution(x, [8, 5, 1, 1]));
      return b.op('Mul', [b.qdq(b.op('HardSigmoid', [b.op('LeakyRelu', [y], { alpha: 0.2 })])), y]);
    },
  ],
  ['MatMul with weights', ['QLinearMatMul'], (b, x) => b.op('MatMul', [x, b.weights([9, 6], 1)]), [3, 4, 9]],
  [
    'MatMul + bias + Relu',
    ['QLinearMatMul'],
    (b, x) => b.op('Relu', [b.op('Add', [b.op('MatMul', [x, b.weights([9, 6], 1)]), b.weight([6])])]),
    [3, 4, 9],
  ],
  [
    'bias + MatMul of one scale',
    ['QLinearMatMul'],
    (b, x) => b.op('Add', [b.weight([1, 6]), b.op('MatMul', [x, b.weights([9, 6], 1, false, 'uint8')])]),
    [5, 9],
  ],
  [
    'Gemm, transposed',
    ['com.microsoft.QGemm'],
    (b, x) => b.op('Relu', [b.op('Gemm', [x, b.weights([6, 9], 0), b.weight([6])], { transB: true })]),
    [3, 9],
  ],
  ['asymmetric weights', ['com.microsoft.QGemm'], (b, x) => b.op('Gemm', [x, b.weights([9, 6], 1, false, 'uint8')]), [3, 9]],
  ['another scale', ['tilewise.Lookup'], (_, x) => x],
];

const forTypes = (['int8', 'uint8'] as const).flatMap((dtype) =>
  nets.map(([name, ops, build, shape]) => ({ dtype, name, ops, build, shape: shape ?? image })),
);

describe('fuse-quantization', () => {
  it.each(forTypes)(
    '$dtype: $name runs on integers, with no QuantizeLinear or DequantizeLinear inside',
    async ({ dtype, ops, build, shape }) => {
      const graph = netOf(build, dtype, shape);
      const feeds = randomFeeds(new Map([['x', shape]]));
      const fused = bound(graph);
      const inside = opsOf(fused).slice(1, -1);
      expect(inside).toEqual(ops);
      expect([opsOf(fused)[0], opsOf(fused).at(-1)]).toEqual(['QuantizeLinear', 'DequantizeLinear']);
      // Sums of integers round once, those of floats at every step: a step apart at most, of the last scale.
      expectSameResults(fused, graph, feeds, { atol: 0.05, rtol: 0 });
      const device = await testDevice();
      const executable = await Executable.load(buildPlan(fused, device.facts), device);
      const actual = await executable.run(feeds, fused.outputs);
      executable.dispose();
      const expected = runGraph(fused, feeds);
      for (const name of fused.outputs) {
        const [a, e] = [actual.get(name)!, expected.get(name)!];
        expect([...toNumbers(a.type, a.data)]).toEqual([...toNumbers(e.type, e.data)]);
      }
    },
  );

  it('moves integers where an operator only moves data', () => {
    const graph = netOf(
      (b, x) => b.op('Reshape', [b.op('Transpose', [x], { perm: [0, 2, 1] }), b.ints(-1, 12)]),
      'uint8',
      [2, 3, 8],
    );
    const fused = bound(graph);
    expect(
      fused.nodes.filter(({ op }) => op === 'Transpose').map(({ inputs }) => fused.values.get(inputs[0] as string)?.dtype),
    ).toEqual(['uint8']);
    expectSameResults(fused, graph, randomFeeds(new Map([['x', [2, 3, 8]]])), { atol: 0.05, rtol: 0 });
  });

  it('leaves out what comes to the same', () => {
    const graph = netOf((b, x) => b.qdq(b.qdq(b.op('Relu', [x]), 0.02), 0.02), 'int8', [2, 3]);
    expect(opsOf(bound(graph))).toEqual(['QuantizeLinear', 'tilewise.Lookup', 'tilewise.Lookup', 'DequantizeLinear']);
  });

  it('leaves a result alone that is read as floats too', () => {
    const b = new QdqBuilder('uint8');
    const y = b.convolution(b.qdq(b.input('x', 'float32', image)), [4, 5, 3, 3]);
    b.output(b.qdq(y), b.op('Softmax', [y], { axis: 1 }));
    const graph = inferShapes(b.build());
    const fused = bound(graph);
    expect(fused.nodes.map(({ op }) => op)).toContain('Conv');
    expectSameResults(fused, graph, randomFeeds(new Map([['x', image]])), { atol: 0.05, rtol: 0 });
  });

  it.each<[string, Build]>([
    [
      'of more dimensions than the product',
      (b, x) => b.op('Add', [b.op('MatMul', [x, b.weights([9, 6], 1)]), b.weight([1, 1, 1, 6])]),
    ],
    ['for every row', (b, x) => b.op('Add', [b.op('MatMul', [x, b.weights([9, 6], 1)]), b.weight([4, 6])])],
    [
      'that might not fit',
      (b, x) => b.op('Add', [b.op('MatMul', [x, b.weights([9, 6], 1)]), b.values([6], [1e9, 0, 0, 0, 0, 0])]),
    ],
  ])('leaves a bias alone %s', (_, build) => {
    const graph = netOf(build, 'uint8', [3, 4, 9]);
    const fused = bound(graph);
    expect(fused.nodes.map(({ op }) => op)).not.toContain('QLinearMatMul');
    expectSameResults(fused, graph, randomFeeds(new Map([['x', [3, 4, 9]]])), { atol: 0.05, rtol: 0 });
  });

  it('leaves a convolution alone whose bias might not fit', () => {
    const huge: Build = (b, x) =>
      b.op('Conv', [x, b.weights([4, 5, 1, 1], 0), b.values([4], [1e9, 0, 0, 0])], { kernel_shape: [1, 1] });
    expect(bound(netOf(huge, 'uint8', image)).nodes.map(({ op }) => op)).toContain('Conv');
  });
});

interface Weights {
  readonly dtype: DType;
  readonly transB?: boolean;
  readonly block?: number;
  readonly scales: 'one' | 'columns' | 'blocks';
  readonly zeros?: boolean;
}

/** MatMul or Gemm of floats with a DequantizeLinear of 37 x 10 weights. */
const weightsOnly = ({ dtype, transB = false, block = 0, scales, zeros = false }: Weights): Graph => {
  const [k, n] = [37, 10];
  const next = random(5);
  const [low, high] = integerRange(dtype) as readonly [number, number];
  const integers = (count: number): number[] => Array.from({ length: count }, () => Math.round(low + (high - low) * next()));
  const shapes = { one: [], columns: [n], blocks: transB ? [n, Math.ceil(k / block)] : [Math.ceil(k / block), n] };
  const shape = shapes[scales];
  const count = shape.reduce((a, d) => a * d, 1);
  const b = new NetBuilder();
  const inputs = [
    b.values(transB ? [n, k] : [k, n], integers(k * n), dtype),
    b.weight(shape, 0.01, 0.05),
    ...(zeros ? [b.values(shape, integers(count), dtype)] : []),
  ];
  const axis = (scales === 'blocks') === transB ? 1 : 0;
  const w = b.op('DequantizeLinear', inputs, { axis: scales === 'columns' ? (transB ? 0 : 1) : axis, block_size: block });
  const x = b.input('x', 'float32', [3, k]);
  b.output(
    transB
      ? b.op('Gemm', [x, w, b.weight([n])], { transB })
      : b.op('Relu', [b.op('Add', [b.op('MatMul', [x, w]), b.weight([n])])]),
  );
  return inferShapes(b.build());
};

const weightsTable: readonly Weights[] = (['int4', 'uint4', 'int8', 'uint8'] as const).flatMap((dtype) => [
  { dtype, scales: 'one' as const },
  { dtype, scales: 'columns' as const, zeros: true },
  { dtype, scales: 'columns' as const, transB: true },
  { dtype, scales: 'blocks' as const, block: 16, zeros: true },
  { dtype, scales: 'blocks' as const, block: 32, transB: true, zeros: true },
]);

describe('fuse-quantization of weights alone', () => {
  it.each(weightsTable)('%o stay packed', (weights) => {
    const graph = weightsOnly(weights);
    const fused = bound(graph);
    expect(fused.nodes.map(({ op }) => op)).toEqual(['com.microsoft.MatMulNBits']);
    expectSameResults(fused, graph, randomFeeds(new Map([['x', [3, 37]]])), matmulTolerance(37, 2, 13));
  });

  it('leaves blocks alone that the kernels do not have', () => {
    expect(bound(weightsOnly({ dtype: 'int4', scales: 'blocks', block: 8 })).nodes.map(({ op }) => op)).toEqual(['MatMul']);
  });
});

interface ConvolutionWeights {
  readonly dtype: DType;
  readonly scales: 'one' | 'outputs' | 'groups';
  /** Those in the middle leave signed integers of as many bits. */
  readonly zeros?: 'any' | 'middle';
  readonly dims?: readonly number[];
  readonly group?: number;
  readonly normalized?: boolean;
}

/** A Conv of floats with a DequantizeLinear of its weights, perhaps its normalisation, and a residual. */
const convolutionOf = (weights: ConvolutionWeights): Graph => {
  const { dtype, scales, zeros, dims = [12, 10, 3, 3], group = 1, normalized = false } = weights;
  const next = random(7);
  const [low, high] = integerRange(dtype) as readonly [number, number];
  const [outputs, ...rest] = dims as readonly [number, ...number[]];
  const columns = rest.reduce((a, d) => a * d, 1);
  const shape = { one: [], outputs: [outputs], groups: [outputs, Math.ceil(columns / 15)] }[scales];
  const count = shape.reduce((a: number, d: number) => a * d, 1);
  const steps = Array.from({ length: outputs * columns }, () => Math.round(low + (high - low) * next()));
  const middle = (low + high + 1) / 2;
  const points = Array.from({ length: count }, (_, i) =>
    zeros === 'middle' ? middle : Math.round(low + ((high - low) * (i % 5)) / 4),
  );
  const b = new NetBuilder();
  const flat = scales === 'groups';
  const inputs = [
    b.values(flat ? [outputs, columns] : dims, steps, dtype),
    b.weight(shape, 0.01, 0.05),
    ...(zeros ? [b.values(shape, points, dtype)] : []),
  ];
  const axis = flat ? { axis: 1, block_size: 15 } : { axis: 0 };
  const dequantized = b.op('DequantizeLinear', inputs, axis);
  const w = flat ? b.op('Reshape', [dequantized, b.ints(...dims)]) : dequantized;
  const x = b.input('x', 'float32', [2, (rest[0] as number) * group, 6, 7]);
  const pads = [1, 1, 1, 1].map(() => Math.floor((rest[1] as number) / 2));
  const conv = b.op('Conv', [x, w, b.weight([outputs])], { kernel_shape: dims.slice(2), pads, group });
  const y = normalized ? b.batchNormalization(conv, outputs) : conv;
  b.output(b.op('Relu', [b.op('Add', [y, b.input('residual', 'float32', [2, outputs, 6, 7])])]));
  return inferShapes(b.build());
};

const convolutionTable: readonly (readonly [ConvolutionWeights, bits: number])[] = [
  [{ dtype: 'int8', scales: 'outputs' }, 8],
  [{ dtype: 'int8', scales: 'one' }, 8],
  [{ dtype: 'uint8', scales: 'outputs', zeros: 'middle' }, 8],
  [{ dtype: 'uint8', scales: 'outputs', zeros: 'any' }, 8],
  [{ dtype: 'uint8', scales: 'one' }, 8],
  [{ dtype: 'int4', scales: 'outputs' }, 4],
  [{ dtype: 'int4', scales: 'outputs', zeros: 'any' }, 4],
  [{ dtype: 'uint4', scales: 'one', zeros: 'middle' }, 4],
  [{ dtype: 'int4', scales: 'groups' }, 4],
  [{ dtype: 'uint4', scales: 'groups', zeros: 'any' }, 4],
  [{ dtype: 'int8', scales: 'outputs', dims: [12, 1, 3, 3], group: 12 }, 8],
  [{ dtype: 'int4', scales: 'outputs', dims: [16, 16, 1, 1] }, 4],
  [{ dtype: 'int8', scales: 'outputs', normalized: true }, 8],
  [{ dtype: 'uint4', scales: 'groups', zeros: 'any', normalized: true }, 4],
];

describe('fuse-quantization of the weights of convolutions alone', () => {
  it.each(convolutionTable)('%o stay packed', async (weights, bits) => {
    const graph = convolutionOf(weights);
    const fused = bound(graph);
    expect(fused.nodes.map(({ op }) => op)).toContain('Conv');
    expect(fused.nodes.map(({ op }) => op)).not.toContain('DequantizeLinear');
    const feeds = randomFeeds(new Map(fused.inputs.map((name) => [name, fused.values.get(name)?.shape as number[]])));
    const terms = weights.dims?.[1] === 1 ? 9 : 90;
    expectSameResults(fused, graph, feeds, matmulTolerance(terms, 2, 13));
    const device = await testDevice();
    const plan = buildPlan(fused, device.facts);
    const layouts = plan.buffers.filter(
      ({ role, values }) => role === 'weight' && values.some((value) => value.startsWith('conv ')),
    );
    const kept = [...fused.values.values()].find(({ tensor }) => tensor instanceof QuantizedTensor)?.tensor as QuantizedTensor;
    const [outputs, inputs, ...window] = kept.dims as [number, number, ...number[]];
    const taps = window.reduce((a, d) => a * d, 1);
    const whole = 16 * Math.ceil(outputs / 16) * taps * (inputs === 1 ? 1 : 4 * Math.ceil(inputs / 4));
    expect(kept.integers.bits).toBe(bits);
    expect(layouts.map(({ bytes }) => bytes)).toEqual([expect.any(Number)]);
    expect(layouts[0]?.bytes).toBeLessThanOrEqual((whole * bits) / 8);
    const executable = await Executable.load(plan, device);
    const actual = await executable.run(feeds, fused.outputs);
    executable.dispose();
    const expected = runGraph(graph, feeds);
    for (const name of fused.outputs) {
      const [a, e] = [actual.get(name)!, expected.get(name)!];
      const comparison = compareNumbers(toNumbers(a.type, a.data), toNumbers(e.type, e.data), matmulTolerance(terms, 2, 13));
      expect(comparison.equal, describeComparison(comparison)).toBe(true);
    }
  });

  it('leave their epilogue one operand', async () => {
    const b = new QdqBuilder('int8');
    const shape = [2, 8, 6, 7];
    const inputs = ['x', 'a', 'b'].map((name) => b.input(name, 'float32', shape)) as [string, string, string];
    const y = b.op('Conv', [inputs[0], b.weights([8, 8, 1, 1], 0), b.weight([8])], { kernel_shape: [1, 1] });
    b.output(b.op('Mul', [b.op('Add', [y, inputs[1]]), inputs[2]]));
    const graph = inferShapes(b.build());
    const fused = bound(graph);
    expect(fused.nodes.map(({ op }) => op).filter((op) => op !== 'Transpose')).toEqual(['Conv', 'Mul']);
    const feeds = randomFeeds(new Map(inputs.map((name) => [name, shape])));
    const device = await testDevice();
    const executable = await Executable.load(buildPlan(fused, device.facts), device);
    const actual = (await executable.run(feeds, fused.outputs)).get(fused.outputs[0] as string) as Tensor;
    executable.dispose();
    const expected = runGraph(graph, feeds).get(graph.outputs[0] as string) as Tensor;
    const comparison = compareNumbers(
      [...(actual.data as Float32Array)],
      [...(expected.data as Float32Array)],
      matmulTolerance(8, 4, 4),
    );
    expect(comparison.equal, describeComparison(comparison)).toBe(true);
  });

  it.each<[string, ConvolutionWeights]>([
    ['of few inputs whose groups of weights have scales', { dtype: 'int4', scales: 'groups', dims: [8, 5, 3, 3] }],
    ['of 16 bits', { dtype: 'int16', scales: 'outputs' }],
  ])('leaves weights alone %s', (_, weights) => {
    const fused = bound(convolutionOf(weights));
    expect([...fused.values.values()].some(({ tensor }) => tensor instanceof QuantizedTensor)).toBe(false);
    expect(fused.nodes.map(({ op }) => op)).toEqual(['Conv']);
  });
});

/** Whole models, which are not part of this repository. */
const models = process.env.TILEWISE_MODELS ?? '';
const atBorders: Readonly<Record<string, readonly string[]>> = {
  'mobilenetv2-int8-qdq': ['QuantizeLinear', 'DequantizeLinear'],
  // The second pair stands around the Softmax.
  'resnet8-cifar10-int8-qdq': ['QuantizeLinear', 'DequantizeLinear', 'QuantizeLinear', 'DequantizeLinear'],
  'vww-mbv1-int8-qdq': ['QuantizeLinear', 'DequantizeLinear', 'QuantizeLinear', 'DequantizeLinear'],
  'mnist-dwsep-int8-qop': ['QuantizeLinear', 'DequantizeLinear'],
};

describe.runIf(models !== '' && existsSync(models))('quantized models', () => {
  it.each(Object.entries(atBorders))('%s: quantizes and dequantizes at its borders alone', (id, expected) => {
    const graph = optimize(importOnnx(readFileSync(join(models, id, 'model.onnx'))));
    const shapes = graph.inputs.map((name): [string, number[]] => [
      name,
      (graph.values.get(name)?.shape ?? []).map((d) => (typeof d === 'number' ? d : 1)),
    ]);
    const ops = opsOf(bind(graph, new Map(shapes)));
    expect(ops.filter((op) => op === 'QuantizeLinear' || op === 'DequantizeLinear')).toEqual(expected);
    expect(ops.filter((op) => ['Conv', 'Gemm', 'MatMul', 'Add', 'AveragePool', 'GlobalAveragePool'].includes(op))).toEqual([]);
  });
});
