import { describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { loadLowerings } from '../../src/kernels/select.js';
import { bind, loadPasses, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import type { QuantizeOptions } from '../../src/quantize/options.js';
import { quantize } from '../../src/quantize/quantize.js';
import type { Sample } from '../../src/quantize/runtime.js';
import { NetBuilder } from '../support/graphs.js';
import { openInOnnxRuntime } from '../support/onnxruntime.js';
import { denseNet, distance, residualNet, sampleOf, samplesOf } from './nets.js';

const runtime = InferenceSession;
const IMAGE = [1, 3, 12, 12];
const nets = {
  residual: { model: residualNet(), samples: samplesOf('image', IMAGE, 24), tests: samplesOf('image', IMAGE, 8, 1000) },
  dense: { model: denseNet(), samples: samplesOf('x', [4, 40], 24), tests: samplesOf('x', [4, 40], 8, 900) },
};

const outputsOf = async (model: Uint8Array, samples: readonly Sample[]): Promise<number[]> => {
  const session = await InferenceSession.create(model);
  const all: number[] = [];
  for (const sample of samples) {
    const [y] = Object.values(await session.run(sample)) as [Tensor];
    all.push(...(y.data as Float32Array));
  }
  await session.release();
  return all;
};

const inOnnxRuntime = async (model: Uint8Array, samples: readonly Sample[]): Promise<number[]> => {
  const session = await openInOnnxRuntime(model);
  const all: number[] = [];
  for (const sample of samples) all.push(...((await session.run(sample))[0] as Float64Array));
  return all;
};

const count = (model: Uint8Array): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { op } of importOnnx(model).nodes) counts[op] = (counts[op] ?? 0) + 1;
  return counts;
};

describe('quantized models', () => {
  const cases: [string, keyof typeof nets, QuantizeOptions, number][] = [
    ['uint8 activations', 'residual', {}, 0.05],
    ['int8 activations', 'residual', { activations: 'int8' }, 0.05],
    ['activations without zero points', 'residual', { symmetricActivations: true, activations: 'int8' }, 0.06],
    ['ranges of least error', 'residual', { ranges: 'mse' }, 0.05],
    ['ranges by entropy', 'residual', { ranges: 'entropy' }, 0.1],
    ['ranges from bounds', 'residual', { ranges: 'min-max' }, 0.05],
    ['one scale for all weights', 'residual', { granularity: 'tensor' }, 0.08],
    ['zero points for weights', 'residual', { symmetric: false }, 0.05],
    ['GPTQ, corrected biases and equalisation', 'residual', { method: 'gptq', correctBias: true, equalize: true }, 0.05],
    ['weights in int8 alone', 'residual', { activations: 'none' }, 0.02],
    ['weights in int4 alone', 'residual', { weights: 'int4' }, 0.25],
    ['weights in int4 by GPTQ, with zero points', 'residual', { weights: 'int4', method: 'gptq', symmetric: false }, 0.25],
    ['weights in int4, by row', 'residual', { weights: 'int4', granularity: 'channel' }, 0.3],
    ['products', 'dense', {}, 0.03],
    ['products, weights in int8 alone', 'dense', { activations: 'none', granularity: 32 }, 0.01],
    ['products, weights in int4 alone', 'dense', { weights: 'int4' }, 0.12],
    ['products, weights in int4 with zero points', 'dense', { weights: 'int4', symmetric: false, granularity: 16 }, 0.12],
    ['products, int4 without contrib operators', 'dense', { weights: 'int4', format: 'qdq' }, 0.12],
    [
      'products, int4 with zero points, without contrib operators',
      'dense',
      { weights: 'int4', symmetric: false, format: 'qdq' },
      0.12,
    ],
  ];

  it.each(cases)('%s: close to the float model here and in onnxruntime', async (_, net, options, tolerance) => {
    const { model, samples, tests } = nets[net];
    const quantized = await quantize(model, { runtime, samples, ...options });
    const exact = await outputsOf(model, tests);
    const [here, there] = [await outputsOf(quantized.model, tests), await inOnnxRuntime(quantized.model, tests)];
    expect(distance(here, exact)).toBeLessThan(tolerance);
    expect(distance(here, exact)).toBeGreaterThan(1e-5);
    expect(distance(there, exact)).toBeLessThan(tolerance);
    // Integer and float arithmetic may round a value to neighbouring integers.
    expect(distance(here, there)).toBeLessThan(0.6 * tolerance);
    const classes = exact.length / tests.length;
    const best = (list: readonly number[], i: number): number => {
      const row = list.slice(i * classes, (i + 1) * classes);
      return row.indexOf(Math.max(...row));
    };
    for (const i of tests.keys()) expect(best(here, i)).toBe(best(there, i));
    expect(quantized.bytes).toEqual({ before: model.length, after: quantized.model.length });
  });

  it('have integers between all layers of a convolutional network', async () => {
    const { model, samples } = nets.residual;
    const quantized = await quantize(model, { runtime, samples });
    const counts = count(quantized.model);
    // 7 layers have weights and a bias each; rectifiers are gone, and what moves numbers moves integers.
    expect(counts.Relu).toBeUndefined();
    expect(counts.Clip).toBeUndefined();
    expect({ MaxPool: counts.MaxPool, Pad: counts.Pad, Flatten: counts.Flatten }).toEqual({ MaxPool: 1, Pad: 1, Flatten: 1 });
    // The input, 6 convolutions, 2 sums, a concatenation and a mean. The scores stay floats.
    expect(counts.QuantizeLinear).toBe(11);
    expect(quantized.layers.map(({ op }) => op)).toEqual([...new Array<string>(6).fill('Conv'), 'Gemm']);
    expect(quantized.skipped).toEqual([]);
    // A Concat of what it alone reads copies integers: one scale for all.
    const graph = importOnnx(quantized.model);
    const concat = graph.nodes.find(({ op }) => op === 'Concat');
    const scales = concat?.inputs.map((name) => graph.nodes.find(({ outputs }) => outputs[0] === name)?.inputs[1]);
    expect(new Set(scales).size).toBe(1);
  });

  it('are quantized once and dequantized once', async () => {
    const { model, samples } = nets.residual;
    for (const activations of ['uint8', 'int8'] as const) {
      const graph = importOnnx((await quantize(model, { runtime, samples, activations })).model);
      const ops = graph.nodes.map(({ op }) => op);
      await loadPasses(ops);
      const bound = bind(optimize(graph), new Map([['image', IMAGE]])).nodes.map(({ op }) => op);
      expect(bound.filter((op) => op === 'QuantizeLinear')).toHaveLength(1);
      expect(bound.filter((op) => op === 'DequantizeLinear')).toHaveLength(1);
      expect(bound.filter((op) => op === 'QLinearConv')).toHaveLength(6);
      expect(bound).not.toContain('Conv');
      expect(bound).not.toContain('Mul');
    }
  });

  it('have short names, and keep those of inputs, outputs and nodes', async () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 2, 4, 4]);
    const long = 'a/very/long/name;as/some/exporters/make/them/out/of/many/parts';
    const schema = { kernel_shape: [1, 1] };
    const first = b.op('Conv', [x, b.weight([3, 2, 1, 1])], schema);
    b.output(b.op('Conv', [first, b.weight([3, 3, 1, 1])], schema));
    const graph = b.build();
    const nodes = graph.nodes.map((node, i) => ({ ...node, name: `${long}${i}` }));
    const { after, layers } = await quantize(exportOnnx({ ...graph, nodes }), { activations: 'none' });
    expect(layers.map(({ name }) => name)).toEqual([`${long}0`, `${long}1`]);
    const names = after.nodes.filter(({ op }) => op === 'Conv').map(({ name }) => name);
    expect(names).toEqual([long.slice(0, 40), `${long.slice(0, 40)}_1`]);
    expect([...after.values.keys()].filter((name) => name.length > 2)).toEqual(graph.outputs);
  });

  it('have the same integers every time', async () => {
    const { model, samples } = nets.residual;
    const options = { runtime, samples, method: 'gptq', correctBias: true } as const;
    expect((await quantize(model, options)).model).toEqual((await quantize(model, options)).model);
  });

  it('leave nodes out by name', async () => {
    const { model, samples, tests } = nets.residual;
    const quantized = await quantize(model, { runtime, samples, skip: ['Conv_0', 'Gemm*'] });
    expect(quantized.skipped).toEqual(['Conv_0', expect.stringMatching(/^Gemm/)]);
    expect(quantized.layers).toHaveLength(5);
    const exact = await outputsOf(model, tests);
    expect(distance(await outputsOf(quantized.model, tests), exact)).toBeLessThan(0.05);
    expect(distance(await inOnnxRuntime(quantized.model, tests), exact)).toBeLessThan(0.05);
  });

  it('write products as MatMulNBits, convolutions in blocks', async () => {
    const { model } = nets.dense;
    expect(count((await quantize(model, { weights: 'int4' })).model)['com.microsoft.MatMulNBits']).toBe(2);
    expect(count((await quantize(model, { weights: 'int4', format: 'qdq' })).model)['com.microsoft.MatMulNBits']).toBeUndefined();
    const blocks = importOnnx((await quantize(nets.residual.model, { weights: 'int4' })).model);
    const sizes = blocks.nodes.filter(({ op }) => op === 'DequantizeLinear').map(({ attributes }) => attributes.block_size);
    expect(sizes).toContain(32);
  });

  it.each<[QuantizeOptions, number]>([
    [{ activations: 'none' }, 0.27],
    [{ weights: 'int4', granularity: 'channel' }, 0.145],
    [{ weights: 'int4' }, 0.18],
    [{ weights: 'int4', symmetric: false, format: 'qdq' }, 0.21],
  ])('of weights alone, %j, take as little memory on the device', async (options, share) => {
    const b = new NetBuilder(5);
    const wide = b.op('Relu', [b.conv(b.input('image', 'float32', [1, 32, 4, 4]), 32, 64, 3)]);
    const mean = b.op('Flatten', [b.op('GlobalAveragePool', [b.conv(wide, 64, 128, 1)])]);
    b.output(b.op('MatMul', [mean, b.weight([128, 64])]));
    const model = exportOnnx(b.build());
    const bytesOf = async (bytes: Uint8Array): Promise<number> => {
      const graph = importOnnx(bytes);
      await loadPasses(graph.nodes.map(({ op }) => op));
      const bound = bind(optimize(graph), new Map([['image', [1, 32, 4, 4]]]));
      await loadLowerings(['DequantizeLinear']);
      const weights = buildPlan(bound, defaultFacts).buffers.filter(({ role }) => role === 'weight');
      return weights.reduce((sum, { bytes: size }) => sum + size, 0);
    };
    const after = await bytesOf((await quantize(model, options)).model);
    expect(after / (await bytesOf(model))).toBeLessThan(share);
  });

  it('say what became of each layer and activation', async () => {
    const { model, samples } = nets.dense;
    const { layers, activations } = await quantize(model, { runtime, samples, method: 'gptq', histograms: true });
    for (const { weightError, outputMse, method } of layers) {
      expect(method).toBe('gptq');
      expect(weightError).toBeGreaterThan(1e-3);
      expect(weightError).toBeLessThan(0.02);
      expect(outputMse?.gptq).toBeLessThan(outputMse?.rtn as number);
    }
    expect(activations.map(({ name }) => name)).toEqual(['x', expect.any(String)]);
    expect(activations[0]?.distribution.counts.reduce((a, b) => a + b)).toBe(24 * 160);
  });
});

describe('unusual models', () => {
  const single = (weight: readonly number[], bias: readonly number[]): Uint8Array => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 2, 3, 3]);
    const outputs = bias.length;
    const y = b.op('Conv', [x, b.values([outputs, 2, 1, 1], weight), b.values([outputs], bias)], { kernel_shape: [1, 1] });
    b.output(b.op('Conv', [y, b.weight([2, outputs, 1, 1])], { kernel_shape: [1, 1] }));
    return exportOnnx(b.build());
  };
  const samples = samplesOf('x', [1, 2, 3, 3], 8);

  it.each([
    ['a channel of zeros', [0.5, -0.3, 0, 0, 0.1, 0.9], [0.1, 0.7321, -0.2]],
    ['a channel of tiny weights under a large bias', [0.5, -0.3, 1e-30, 2e-30, 0.1, 0.9], [0.1, 3.21, -0.2]],
    ['weights that are all the same', [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [0, 0, 0]],
    ['weights that are all 0', [0, 0, 0, 0, 0, 0], [0.1, 0.2, 0.3]],
  ])('%s', async (_, weight, bias) => {
    const model = single(weight, bias);
    const { model: quantized } = await quantize(model, { runtime, samples });
    const exact = await outputsOf(model, samples);
    expect(distance(await outputsOf(quantized, samples), exact)).toBeLessThan(0.02);
    expect(distance(await inOnnxRuntime(quantized, samples), exact)).toBeLessThan(0.02);
  });

  it('activations that are always 0', async () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', [1, 2, 3, 3]);
    const dead = b.op('Relu', [b.op('Conv', [x, b.weight([2, 2, 1, 1]), b.values([2], [-100, -100])])]);
    b.output(b.op('Conv', [dead, b.weight([3, 2, 1, 1]), b.values([3], [1, 2, 3])]));
    const model = exportOnnx(b.build());
    const { model: quantized } = await quantize(model, { runtime, samples });
    expect(distance(await outputsOf(quantized, samples), await outputsOf(model, samples))).toBeLessThan(0.01);
  });

  it('outputs and inputs that are quantized themselves keep their names', async () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['n', 2, 3, 3]);
    const y = b.op('Relu', [b.op('Conv', [x, b.weight([2, 2, 1, 1])])]);
    const flat = b.op('Reshape', [y, b.ints(0, -1)]);
    b.output(y, flat);
    const model = exportOnnx(b.build());
    const { model: quantized } = await quantize(model, { runtime, samples });
    const session = await InferenceSession.create(quantized);
    expect(session.outputNames).toEqual([y, flat]);
    const two = sampleOf('x', [2, 2, 3, 3], 5);
    const results = await session.run(two);
    expect((results[flat] as Tensor).dims).toEqual([2, 18]);
    expect((results[flat] as Tensor).data).toEqual((results[y] as Tensor).data);
    const there = await (await openInOnnxRuntime(quantized)).run(two);
    expect(distance((results[y] as Tensor).data as Float32Array, there[0] as Float64Array)).toBeLessThan(0.01);
    await session.release();
  });
});

describe('what cannot be quantized is refused before any work', () => {
  const { model, samples } = nets.residual;
  const never = {
    create: (): Promise<never> => {
      throw new Error('work had begun');
    },
  };
  const bias = (numbers: readonly number[]): Uint8Array => {
    const b = new NetBuilder();
    b.output(b.op('Conv', [b.input('x', 'float32', [1, 1, 2, 2]), b.values([2, 1, 1, 1], numbers)]));
    return exportOnnx(b.build());
  };
  const activation = (): Uint8Array => {
    const b = new NetBuilder();
    b.output(b.op('Relu', [b.input('x', 'float32', [2])]));
    return exportOnnx(b.build());
  };
  const wrong = (dims: readonly number[], type: 'float32' | 'int32' = 'float32'): Sample[] => {
    const size = dims.reduce((a, b) => a * b, 1);
    return [
      ...samples.slice(0, 2),
      { image: new Tensor(type, type === 'int32' ? new Int32Array(size) : new Float32Array(size), dims) },
    ];
  };

  it.each([
    ['no samples', model, {}, 'invalid-argument', 'uint8 activations wants calibration data'],
    ['an empty list of samples', model, { samples: [] }, 'invalid-argument', 'there is no calibration data'],
    ['no runtime', model, { samples, runtime: undefined }, 'invalid-argument', 'wants something to run the model on'],
    [
      'samples of the wrong shape',
      model,
      { samples: wrong([1, 3, 12, 13]) },
      'invalid-feed',
      "sample 2: input 'image' must have shape [1, 3, 12, 12], got [1, 3, 12, 13]",
    ],
    ['samples of the wrong rank', model, { samples: wrong([3, 12, 12]) }, 'invalid-feed', 'sample 2'],
    ['samples of the wrong type', model, { samples: wrong(IMAGE, 'int32') }, 'invalid-feed', 'must be float32, got int32'],
    ['samples of another name', model, { samples: [{ picture: samples[0]?.image }] }, 'invalid-feed', "input 'image' is missing"],
    ['GPTQ without samples', model, { weights: 'int4', method: 'gptq' }, 'invalid-argument', 'GPTQ wants calibration data'],
    [
      'int4 weights with integer activations',
      model,
      { weights: 'int4', activations: 'int8', samples },
      'invalid-argument',
      'int4 weights are for float activations',
    ],
    ['groups with integer activations', model, { granularity: 32, samples }, 'invalid-argument', 'scales for groups of weights'],
    ['an impossible group', model, { weights: 'int4', granularity: 1.5 }, 'invalid-argument', 'a group must have a whole number'],
    ['an impossible percentile', model, { samples, percentile: 30 }, 'invalid-argument', 'the percentile must be above 50'],
    ['impossible damping', model, { weights: 'int4', gptq: { damping: -1 } }, 'invalid-argument', 'the damping of GPTQ'],
    ['impossible blocks', model, { weights: 'int4', gptq: { blockSize: 0 } }, 'invalid-argument', "GPTQ's blocks"],
    ['a name that no node has', model, { samples, skip: ['Conv_99'] }, 'invalid-argument', "no node is named 'Conv_99'"],
    ['a model without layers', activation(), { activations: 'none' }, 'unsupported-model', 'there is nothing to quantize'],
    [
      'weights that are NaN',
      bias([1, Number.NaN]),
      { activations: 'none' },
      'invalid-argument',
      "the weights of 'Conv_0' holds NaN",
    ],
    [
      'weights that are infinite',
      bias([1, Number.POSITIVE_INFINITY]),
      { activations: 'none' },
      'invalid-argument',
      'holds Infinity',
    ],
    ['bytes that are no model', Uint8Array.of(1, 2, 3), { activations: 'none' }, 'invalid-model', ''],
  ] as [string, Uint8Array, QuantizeOptions, string, string][])('%s', async (_, bytes, options, code, message) => {
    const error = await quantize(bytes, { runtime: never, ...options }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('a model that is quantized already, or of an opset that is not known', async () => {
    const quantized = (await quantize(model, { activations: 'none' })).model;
    await expect(quantize(quantized, { activations: 'none' })).rejects.toThrow(
      'the model is quantized already: it has a DequantizeLinear',
    );
    // The opset's version is the last varint of the file: field 8, a message whose field 2 is 21.
    const at = quantized.lastIndexOf(21);
    await expect(quantize(quantized.with(at, 99), { activations: 'none' })).rejects.toMatchObject({ code: 'unsupported-model' });
  });

  it('and work that is called off ends with `aborted`', async () => {
    const controller = new AbortController();
    const onProgress = (): void => controller.abort('enough');
    const work = quantize(model, { runtime, samples, onProgress, signal: controller.signal });
    await expect(work).rejects.toMatchObject({ code: 'aborted' });
  });
});
