import { describe, expect, it } from 'vitest';
import { InferenceSession, type Tensor } from '#tilewise';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type { Attributes } from '../../src/graph/graph.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { compareNumbers, describeComparison, matmulTolerance } from '../../src/tensor/compare.js';
import { toNumbers } from '../../src/tensor/convert.js';
import { integerRange } from '../../src/tensor/dtype.js';
import { QuantizedTensor } from '../../src/tensor/quantized-tensor.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { type ConvOptions, type ConvShape, convCase, reaching } from '../support/conv-case.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

interface Quantization {
  readonly bits: 4 | 8;
  /** Weights of an output that share a scale; all of them unless given. */
  readonly group?: number;
  readonly zeros?: boolean;
}

/** Random integers of [outputs, ...], and scales for them. */
const quantized = (dims: readonly number[], { bits, group, zeros = false }: Quantization): QuantizedTensor => {
  const next = random(dims.length + bits);
  const size = dims.reduce((a, d) => a * d, 1);
  const [rows, half] = [dims[0] as number, 2 ** (bits - 1)];
  const elements = Int8Array.from({ length: size }, () => Math.floor(2 * half * next()) - half);
  const count = rows * Math.ceil(size / rows / (group ?? size / rows));
  const scales = Float32Array.from({ length: count }, () => (0.5 + next()) / half);
  const points = Float32Array.from({ length: count }, () => Math.round((next() - 0.5) * half));
  return new QuantizedTensor(dims, { elements, bits, group: group ?? size / rows, scales, zeros: zeros ? points : undefined });
};

/** What follows a convolution: nothing that reads, or as much as kernels have bindings for beside the scales. */
const residuals = (opCase: OpCase, count: 0 | 1): OpCase => {
  const graph = inferShapes(caseGraph(opCase).graph);
  const shape = graph.values.get(graph.outputs[0] as string)?.shape as readonly number[];
  const epilogue = [
    { op: 'Relu', attributes: {} },
    ...[3].slice(0, count).map((operand) => ({ op: 'Add', attributes: {}, operand })),
  ];
  const [x, w, b] = opCase.inputs;
  return {
    ...opCase,
    name: `${opCase.name}, ${count} residuals`,
    inputs: [x, w, b, ...epilogue.slice(1).map(() => ({ shape }))],
    attributes: { ...opCase.attributes, epilogue } as Attributes,
  };
};

const nameOf = ({ bits, group, zeros }: Quantization): string =>
  [`${bits} bits`, group && `groups of ${group}`, zeros && 'zero points'].filter(Boolean).join(', ');

const quantizedCase = (shape: ConvShape, quantization: Quantization, options: Partial<ConvOptions> = {}): OpCase => {
  const opCase = convCase(shape, { bias: true, channelsLast: true, ...options });
  const [x, , ...rest] = opCase.inputs;
  const tensor = quantized(shape.w, quantization);
  const inputs = [x, { shape: shape.w, tensor, constant: true }, ...rest];
  return { ...opCase, name: `${opCase.name}, ${nameOf(quantization)}`, inputs };
};

const planOf = (opCase: OpCase): Plan =>
  buildPlan(inferShapes(caseGraph(opCase).graph), { ...defaultFacts, features: ['subgroups'], ...opCase.facts });

const padded = { pads: [1, 1, 1, 1] };
/** Shapes for every kernel, and groups of weights that share a scale. */
const kernels: readonly (readonly [kernel: string, kind: 'cpu' | 'gpu', shapes: readonly ConvShape[], group?: number])[] = [
  [
    'conv-pointwise',
    'cpu',
    [
      { x: [2, 9, 5, 3], w: [5, 9, 1, 1] },
      { x: [1, 40, 4, 4], w: [36, 40, 1, 1] },
    ],
    8,
  ],
  ['conv-pointwise-32', 'cpu', [{ x: [2, 58, 5, 3], w: [58, 58, 1, 1] }], 32],
  ['conv-pointwise-64', 'cpu', [{ x: [1, 36, 3, 13], w: [67, 36, 1, 1] }], 12],
  [
    'conv-3x3',
    'cpu',
    [
      { x: [2, 9, 5, 14], w: [17, 9, 3, 3], ...padded },
      { x: [1, 8, 4, 29], w: [9, 8, 3, 3], ...padded },
    ],
    32,
  ],
  [
    'conv-direct',
    'cpu',
    [
      { x: [2, 9, 9, 9], w: [5, 9, 5, 5] },
      { x: [1, 16, 5, 6], w: [32, 8, 3, 3], group: 2 },
    ],
    10,
  ],
  ['conv-direct-32', 'cpu', [{ x: [2, 9, 9, 7], w: [29, 9, 3, 2], strides: [2, 2], ...padded }], 16],
  ['conv-sliding', 'cpu', [{ x: [2, 9, 7, 10], w: [3, 9, 3, 3], ...padded }], 27],
  [
    'conv-stem',
    'cpu',
    [
      { x: [1, 3, 9, 17], w: [20, 3, 3, 3], strides: [2, 2], ...padded },
      { x: [2, 2, 9, 8], w: [4, 2, 2, 2], strides: [1, 2] },
    ],
  ],
  [
    'conv-columns',
    'cpu',
    [
      { x: [1, 3, 9, 17], w: [20, 3, 3, 3], ...padded },
      { x: [2, 1, 9, 8], w: [5, 1, 2, 5] },
    ],
  ],
  [
    'conv-tiled',
    'gpu',
    [
      { x: [2, 12, 7, 5], w: [36, 12, 3, 3], ...padded },
      { x: [2, 9, 5, 7], w: [9, 9, 3, 3] },
      { x: [2, 10, 5, 6], w: [64, 5, 3, 3], group: 2, ...padded },
    ],
    20,
  ],
  [
    'conv-grouped',
    'gpu',
    [
      { x: [2, 6, 7, 5], w: [12, 2, 3, 3], group: 3, ...padded },
      { x: [1, 16, 5, 4], w: [8, 8, 1, 1], group: 2 },
    ],
    4,
  ],
  [
    'depthwise-3x3',
    'cpu',
    [
      { x: [2, 6, 9, 7], w: [6, 1, 3, 3], group: 6, ...padded },
      { x: [2, 8, 6, 5], w: [8, 1, 3, 3], group: 8 },
    ],
    4,
  ],
  [
    'depthwise-5',
    'cpu',
    [
      { x: [2, 7, 7, 6], w: [7, 1, 5, 5], group: 7 },
      { x: [1, 4, 9], w: [4, 1, 3], group: 4 },
    ],
    7,
  ],
  [
    'depthwise',
    'gpu',
    [
      { x: [2, 7, 7, 6], w: [7, 1, 5, 5], group: 7 },
      { x: [1, 4, 9], w: [4, 1, 3], group: 4 },
    ],
    7,
  ],
  [
    'conv',
    'cpu',
    [
      { x: [2, 6, 7, 5], w: [9, 2, 3, 3], group: 3, ...padded },
      { x: [1, 8, 5], w: [4, 4, 2], group: 2 },
    ],
    5,
  ],
];

const variants = (shape: ConvShape, adapter: Partial<ConvOptions>, group: number | undefined): OpCase[] =>
  ([8, 4] as const).flatMap((bits) => [
    residuals(quantizedCase(shape, { bits }, adapter), 1),
    quantizedCase(shape, { bits }, { ...adapter, bias: false }),
    residuals(quantizedCase(shape, { bits, zeros: true }, adapter), 1),
    quantizedCase(shape, { bits, zeros: true }, adapter),
    ...(group === undefined
      ? []
      : [
          quantizedCase(shape, { bits, group }, { ...adapter, bias: false }),
          residuals(quantizedCase(shape, { bits, group, zeros: true }, adapter), 1),
        ]),
  ]);

const suites = kernels.map(([kernel, kind, [first, ...more], group]) => ({
  kernel,
  adapter: reaching(kernel, kind),
  first: first as ConvShape,
  cases: [
    ...variants(first as ConvShape, reaching(kernel, kind), group),
    ...more.flatMap((shape) => [
      quantizedCase(shape, { bits: 8 }, { kind }),
      quantizedCase(shape, { bits: 4, zeros: true, ...(group && { group }) }, { kind, bias: false }),
    ]),
  ],
}));

/** Pieces of what kernels read bytes and elements of four bits by, and what makes them wrong. */
type Mistakes = Record<4 | 8, readonly [right: string, wrong: string]>;
const mistakes: Readonly<Record<string, Mistakes>> = {
  conv: { 8: ['8u * (at % 4u)', '8u * (at % 2u)'], 4: ['4u * (at % 8u)', '4u * (at % 4u)'] },
  'conv-columns': { 8: ['vec2u(24u, 16u)', 'vec2u(16u, 24u)'], 4: ['vec2u(28u, 24u)', 'vec2u(24u, 28u)'] },
};
const mistaken: Mistakes = { 8: ['24u, 16u, 8u, 0u', '24u, 8u, 16u, 0u'], 4: ['28u, 24u, 20u, 16u', '28u, 20u, 24u, 16u'] };

describe.each(suites)('$kernel reads integers', ({ kernel, adapter, first, cases }) => {
  it.each(cases)('$name', async (opCase) => {
    expect(planOf(opCase).pipelines[0]?.kernel).toBe(kernel);
    await checkOp(opCase);
  });

  it('and is rejected when it reads them wrongly', async () => {
    const wrong = mistakes[kernel] ?? mistaken;
    await expectWrongKernelRejected(quantizedCase(first, { bits: 8 }, adapter), ...wrong[8]);
    await expectWrongKernelRejected(quantizedCase(first, { bits: 4 }, adapter), ...wrong[4]);
    await expectWrongKernelRejected(quantizedCase(first, { bits: 8 }, adapter), 'v * extra_a[channel]', 'v * extra_a[0]');
  });

  it('whose memory they take, and no more', () => {
    const [outputs, inputs, ...window] = first.w as [number, number, ...number[]];
    const elements = outputs * inputs * window.reduce((a, d) => a * d, 1);
    for (const bits of [8, 4] as const) {
      const opCase = quantizedCase(first, { bits }, adapter);
      // Buffers have multiples of 16 bytes.
      const bytesOf = (given: OpCase): number =>
        Math.max(
          ...planOf(given).buffers.map(({ role, bytes, values }) => (role === 'weight' && values[0] !== 'scales' ? bytes : 0)),
        );
      const floats = bytesOf({ ...opCase, inputs: opCase.inputs.with(1, { shape: first.w, constant: true }) });
      expect(bytesOf(opCase)).toBeLessThanOrEqual((floats * bits) / 32 + 15);
      expect(floats).toBeGreaterThanOrEqual(4 * elements);
    }
  });
});

describe('from and to channels-first', () => {
  const shape: ConvShape = { x: [1, 12, 4, 4], w: [20, 12, 1, 1] };
  it.each(
    [{ readsChannelsFirst: true }, { writesChannelsFirst: true }, { channelsLast: false }].flatMap((options) =>
      (['cpu', 'gpu'] as const).map((kind) => residuals(quantizedCase(shape, { bits: 4, group: 4 }, { ...options, kind }), 1)),
    ),
  )('$name', (opCase) => checkOp(opCase));
});

it.each(['int8', 'int4', 'uint4'] as const)('a model file of %s weights runs as its floats do', async (dtype) => {
  const b = new NetBuilder(9);
  const [low, high] = integerRange(dtype) as readonly [number, number];
  const next = random(3);
  const weights = (outputs: number, inputs: number, size: number): string => {
    const dims = [outputs, inputs, size, size];
    const steps = Array.from({ length: outputs * inputs * size * size }, () => Math.round(low + (high - low) * next()));
    const zeros = low === 0 ? [b.values([outputs], new Array<number>(outputs).fill(7), dtype)] : [];
    const scales = b.weight([outputs], 0.5 / high, 1 / high);
    return b.op('DequantizeLinear', [b.values(dims, steps, dtype), scales, ...zeros], { axis: 0 });
  };
  const x = b.input('x', 'float32', [1, 3, 9, 8]);
  const stem = b.op('Relu', [b.op('Conv', [x, weights(8, 3, 3), b.weight([8])], { pads: [1, 1, 1, 1], strides: [2, 2] })]);
  const depthwise = b.op('Conv', [stem, weights(8, 1, 3), b.weight([8])], { pads: [1, 1, 1, 1], group: 8 });
  b.output(b.op('Add', [b.op('Conv', [depthwise, weights(8, 8, 1)]), stem]));
  const bytes = exportOnnx(inferShapes(b.build()));
  const feeds = randomFeeds(new Map([['x', [1, 3, 9, 8]]]));
  const session = await InferenceSession.create(bytes);
  const [actual] = Object.values(await session.run(Object.fromEntries(feeds))) as [Tensor];
  await session.release();
  const [expected] = [...runGraph(inferShapes(importOnnx(bytes)), feeds).values()].slice(-1) as [Tensor];
  const comparison = compareNumbers(numbers(actual), numbers(expected), matmulTolerance(72, 8, 8));
  expect(comparison.equal, describeComparison(comparison)).toBe(true);
});

const numbers = ({ type, data }: Tensor): Float64Array => toNumbers(type, data);

it('computes its floats anew for whatever reads no integers', () => {
  const elements = Int8Array.of(-8, 7, 3, 0, 1, 2);
  const integers = {
    elements,
    bits: 4,
    group: 2,
    scales: Float32Array.of(1, 2, 3, 4),
    zeros: Float32Array.of(0, 1, 0, -1),
  } as const;
  const tensor = new QuantizedTensor([2, 3], integers);
  expect([...tensor.data]).toEqual([-8, 7, 4, 0, 3, 12]);
  expect([tensor.type, tensor.size, tensor.dims]).toEqual(['float32', 6, [2, 3]]);
  expect([
    ...new QuantizedTensor([1, 6], { ...integers, group: 6, zeros: undefined, scales: Float32Array.of(1) }).words(elements),
  ]).toEqual([0x00210378]);
});
