import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { matmulTolerance } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { type ConvOptions, type ConvShape, convCase, reaching } from '../support/conv-case.js';

const relu = { epilogue: [{ op: 'Relu', attributes: {} }] };

const depthwise3x3: ConvShape[] = [
  { x: [1, 4, 1, 1], w: [4, 1, 3, 3], group: 4, pads: [1, 1, 1, 1] },
  { x: [2, 8, 6, 5], w: [8, 1, 3, 3], group: 8, pads: [1, 1, 1, 1] },
  { x: [1, 36, 9, 13], w: [36, 1, 3, 3], group: 36, pads: [0, 2, 1, 1] },
  { x: [1, 4, 33, 4], w: [4, 1, 3, 3], group: 4, pads: [1, 1, 1, 1] },
  { x: [1, 4, 65, 4], w: [4, 1, 3, 3], group: 4, strides: [2, 2] },
  { x: [2, 12, 11, 10], w: [12, 1, 3, 3], group: 12, strides: [2, 2], pads: [1, 1, 1, 1] },
  { x: [1, 4, 8, 35], w: [4, 1, 3, 3], group: 4, strides: [2, 2], auto_pad: 'SAME_UPPER' },
  { x: [2, 6, 9, 7], w: [6, 1, 3, 3], group: 6, pads: [1, 1, 1, 1] },
  { x: [1, 33, 5, 6], w: [33, 1, 3, 3], group: 33, strides: [2, 2], pads: [1, 0, 1, 1] },
  { x: [2, 1, 6, 6], w: [1, 1, 3, 3] },
];

const depthwise: ConvShape[] = [
  { x: [1, 8, 7, 6], w: [8, 1, 5, 5], group: 8, pads: [2, 2, 2, 2] },
  { x: [2, 12, 9, 10], w: [12, 1, 3, 3], group: 12, strides: [2, 1], pads: [1, 1, 1, 1] },
  { x: [1, 4, 12, 33], w: [4, 1, 3, 2], group: 4, dilations: [3, 2], strides: [1, 3] },
  { x: [1, 4, 9], w: [4, 1, 3], group: 4, pads: [2, 0] },
  { x: [2, 7, 7, 6], w: [7, 1, 5, 5], group: 7, pads: [2, 2, 2, 2] },
  { x: [1, 3, 5, 9], w: [3, 1, 2, 3], group: 3, strides: [1, 2] },
];

/** Windows of up to five columns. */
const depthwise5: ConvShape[] = [
  ...depthwise.filter(({ strides }) => strides?.[1] !== 3),
  { x: [1, 8, 9, 11], w: [8, 1, 5, 5], group: 8, strides: [2, 2], pads: [1, 2, 2, 2] },
  { x: [2, 4, 6, 19], w: [4, 1, 3, 4], group: 4, dilations: [2, 3], pads: [1, 2, 3, 4] },
  { x: [1, 5, 13, 4], w: [5, 1, 7, 1], group: 5, strides: [3, 2], dilations: [1, 1], pads: [3, 0, 3, 0] },
  { x: [1, 4, 3, 3], w: [4, 1, 5, 5], group: 4, pads: [9, 8, 9, 8], dilations: [2, 1] },
];

/** Others. */
const depthwiseWide: ConvShape[] = [
  { x: [1, 8, 9, 8], w: [8, 1, 7, 7], group: 8, pads: [3, 3, 3, 3] },
  { x: [1, 7, 5, 13], w: [7, 1, 2, 6], group: 7, strides: [1, 2], pads: [0, 2, 1, 3] },
  { x: [1, 4, 12, 33], w: [4, 1, 3, 2], group: 4, dilations: [3, 2], strides: [1, 3] },
];

/** Groups of whole quads of outputs, and of any number of inputs. */
const grouped: readonly ConvShape[] = [
  { x: [1, 8, 5, 5], w: [8, 4, 3, 3], group: 2, pads: [1, 1, 1, 1] },
  { x: [2, 16, 6, 9], w: [32, 4, 3, 3], group: 4, strides: [2, 2], pads: [1, 1, 1, 1] },
  { x: [1, 6, 7, 5], w: [12, 2, 3, 2], group: 3, dilations: [2, 3], pads: [2, 1, 0, 2] },
  { x: [3, 4, 3, 4], w: [16, 1, 3, 3], group: 4, auto_pad: 'SAME_UPPER' },
  { x: [1, 18, 4, 17], w: [8, 9, 1, 1], group: 2 },
  { x: [2, 24, 11], w: [24, 8, 4], group: 3, strides: [3], pads: [2, 1] },
  { x: [1, 8, 1, 1], w: [8, 4, 3, 3], group: 2, pads: [3, 3, 3, 3] },
];

/** Few pixels, few outputs (with enough workgroups for the tall tile), and many of both (the square one). */
const tiled: ConvShape[] = [
  { x: [1, 4, 1, 1], w: [4, 4, 1, 1] },
  { x: [2, 12, 7, 5], w: [36, 12, 3, 3], pads: [1, 1, 1, 1] },
  { x: [1, 8, 9, 11], w: [20, 8, 5, 3], strides: [2, 1], auto_pad: 'SAME_LOWER' },
  { x: [1, 36, 6, 6], w: [4, 36, 3, 3], dilations: [2, 1], pads: [2, 1, 0, 1] },
  { x: [2, 4, 17], w: [8, 4, 4], strides: [3] },
  { x: [1, 4, 129, 127], w: [20, 4, 1, 1] },
  { x: [1, 8, 66, 65], w: [128, 8, 1, 1] },
  { x: [2, 8, 5, 7], w: [9, 8, 3, 3], pads: [1, 1, 1, 1] },
  { x: [2, 9, 5, 7], w: [8, 9, 3, 3], pads: [0, 1, 1, 0], strides: [2, 1] },
  { x: [1, 58, 5, 3], w: [58, 58, 1, 1] },
  { x: [1, 3, 13, 12], w: [32, 3, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { x: [1, 1, 6, 6], w: [3, 1, 5, 5], pads: [2, 2, 2, 2] },
  { x: [2, 10, 5, 6], w: [64, 5, 3, 3], group: 2, pads: [1, 1, 1, 1] },
  { x: [1, 24, 9, 9], w: [96, 8, 2, 2], group: 3, strides: [1, 2] },
];

/** First layers that read channels-first. */
const fromChannelsFirst: ConvShape[] = [
  { x: [1, 3, 9, 17], w: [4, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
  { x: [2, 1, 12, 33], w: [20, 1, 7, 7], pads: [3, 3, 3, 3], strides: [2, 1] },
  { x: [2, 4, 6, 7], w: [18, 4, 2, 4], dilations: [3, 1], auto_pad: 'SAME_LOWER' },
  { x: [2, 2, 40], w: [5, 2, 5], strides: [3] },
  { x: [1, 3, 4, 4], w: [8, 3, 1, 1], pads: [1, 0, 0, 2] },
];

/** Those whose window moves by one. */
const columnsFromChannelsFirst: ConvShape[] = [
  { x: [2, 1, 28, 28], w: [6, 1, 5, 5], pads: [2, 2, 2, 2] },
  { x: [2, 4, 6, 7], w: [18, 4, 2, 3], dilations: [3, 1], auto_pad: 'SAME_LOWER' },
  { x: [1, 3, 9, 31], w: [16, 3, 3, 3], strides: [2, 1], pads: [1, 1, 1, 1] },
  { x: [3, 2, 40], w: [5, 2, 5], pads: [4, 4] },
];

/** Shapes for each kernel of channels-last convolutions with packed weights, in the family of a kind of adapter. */
const tables: readonly (readonly [kernel: string, kind: 'cpu' | 'gpu', shapes: readonly ConvShape[], options?: object])[] = [
  [
    'conv-pointwise',
    'cpu',
    [
      { x: [1, 4, 1, 1], w: [4, 4, 1, 1] },
      { x: [1, 32, 3, 11], w: [36, 32, 1, 1], auto_pad: 'SAME_UPPER' },
      { x: [3, 8, 4, 4], w: [16, 8, 1, 1], pads: [0, 0, 0, 0] },
      { x: [2, 58, 5, 3], w: [33, 58, 1, 1] },
      { x: [1, 12, 5, 5], w: [3, 12, 1, 1] },
      { x: [1, 9, 5, 5], w: [4, 9, 1, 1] },
    ],
  ],
  [
    'conv-pointwise-32',
    'cpu',
    [
      { x: [2, 12, 5, 3], w: [20, 12, 1, 1] },
      { x: [1, 32, 4, 4], w: [32, 32, 1, 1] },
      { x: [2, 58, 5, 3], w: [58, 58, 1, 1] },
      { x: [1, 9, 17, 1], w: [29, 9, 1, 1] },
    ],
  ],
  [
    'conv-pointwise-64',
    'cpu',
    [
      { x: [1, 16, 9, 7], w: [60, 16, 1, 1] },
      { x: [2, 33, 5, 5], w: [139, 33, 1, 1] },
      { x: [1, 8, 13, 14], w: [64, 8, 1, 1] },
    ],
  ],
  [
    'conv-3x3',
    'cpu',
    [
      { x: [1, 4, 3, 16], w: [8, 4, 3, 3] },
      { x: [2, 8, 5, 31], w: [20, 8, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 4, 9, 10], w: [36, 4, 3, 3], pads: [2, 0, 1, 3] },
      { x: [1, 12, 4, 14], w: [16, 12, 3, 3], auto_pad: 'SAME_LOWER' },
      { x: [2, 9, 5, 14], w: [17, 9, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 8, 4, 29], w: [9, 8, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 31, 4, 14], w: [8, 31, 3, 3] },
    ],
  ],
  [
    'conv-direct',
    'cpu',
    [
      { x: [1, 4, 3, 3], w: [4, 4, 3, 3] },
      { x: [2, 8, 7, 9], w: [12, 8, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [1, 4, 5, 33], w: [8, 4, 1, 1], strides: [2, 3] },
      { x: [1, 4, 11, 9], w: [36, 4, 3, 2], dilations: [2, 3], pads: [2, 1, 2, 4] },
      { x: [1, 8, 6, 7], w: [4, 8, 5, 5], auto_pad: 'SAME_UPPER', strides: [1, 2] },
      { x: [1, 4, 1, 1], w: [4, 4, 3, 3], pads: [3, 3, 3, 3] },
      { x: [2, 4, 13], w: [8, 4, 4], strides: [2], pads: [1, 2] },
      { x: [1, 4, 4, 4], w: [4, 4, 1, 1], pads: [1, 0, 0, 1] },
      { x: [2, 9, 9, 9], w: [5, 9, 5, 5], pads: [2, 2, 2, 2] },
      { x: [1, 16, 5, 9], w: [3, 16, 3, 5], dilations: [1, 2], pads: [1, 4, 1, 4] },
      { x: [2, 11, 7], w: [4, 11, 3] },
      { x: [2, 10, 5, 6], w: [32, 5, 3, 3], group: 2, pads: [1, 1, 1, 1] },
      { x: [1, 24, 4, 9], w: [96, 8, 2, 2], group: 3, strides: [1, 2] },
    ],
  ],
  [
    'conv-direct-32',
    'cpu',
    [
      { x: [2, 8, 7, 9], w: [20, 8, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [3, 5, 9, 7], w: [29, 5, 3, 2], dilations: [2, 3], pads: [2, 1, 2, 4] },
      { x: [1, 12, 6, 7], w: [64, 12, 5, 5], auto_pad: 'SAME_UPPER', strides: [1, 2] },
      { x: [1, 9, 4, 4], w: [58, 9, 3, 3], pads: [1, 1, 1, 1] },
      { x: [2, 8, 13], w: [24, 8, 4], strides: [2], pads: [1, 2] },
      { x: [1, 4, 5, 33], w: [32, 4, 1, 1], strides: [2, 3] },
    ],
  ],
  [
    'conv-sliding',
    'cpu',
    [
      { x: [2, 8, 5, 9], w: [3, 8, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 16, 9, 16], w: [4, 16, 9, 9], pads: [4, 4, 4, 4] },
      { x: [2, 9, 7, 10], w: [2, 9, 3, 2], strides: [2, 1], dilations: [2, 1], pads: [1, 0, 0, 1] },
      { x: [1, 4, 4, 17], w: [4, 4, 1, 5], auto_pad: 'SAME_LOWER' },
      { x: [1, 9, 31], w: [1, 9, 4] },
      { x: [1, 4, 1, 1], w: [4, 4, 3, 3], pads: [4, 4, 4, 5] },
    ],
  ],
  [
    'conv-stem',
    'cpu',
    [
      { x: [1, 3, 9, 17], w: [4, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [2, 1, 12, 33], w: [20, 1, 7, 7], pads: [3, 3, 3, 3], strides: [2, 1] },
      { x: [1, 5, 6, 6], w: [16, 5, 2, 4], dilations: [3, 1], auto_pad: 'SAME_LOWER' },
      { x: [1, 3, 40], w: [8, 3, 5], strides: [2] },
      { x: [2, 2, 9], w: [4, 2, 2] },
      { x: [2, 6, 5, 7], w: [18, 6, 3, 3], pads: [1, 1, 1, 1], strides: [1, 2] },
      { x: [1, 1, 5, 7], w: [3, 1, 3, 2] },
    ],
  ],
  [
    'conv-columns',
    'cpu',
    [
      { x: [1, 1, 28, 28], w: [6, 1, 5, 5], pads: [2, 2, 2, 2] },
      { x: [2, 6, 14, 14], w: [16, 6, 5, 5] },
      { x: [2, 6, 5, 7], w: [18, 6, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 5, 6, 6], w: [16, 5, 2, 3], dilations: [3, 1], auto_pad: 'SAME_LOWER' },
      { x: [1, 3, 40], w: [8, 3, 5] },
      { x: [3, 1, 4, 12], w: [2, 1, 3, 3] },
      { x: [1, 2, 9, 23], w: [4, 2, 5, 3], strides: [2, 1], pads: [3, 2, 1, 0] },
      { x: [2, 3, 4, 33], w: [5, 3, 1, 6], pads: [0, 5, 0, 1] },
      { x: [1, 7, 3, 9], w: [7, 7, 3, 9], pads: [2, 8, 2, 8] },
      { x: [1, 1, 6, 21], w: [9, 1, 3, 10], pads: [1, 4, 1, 5] },
      { x: [1, 3, 1, 1], w: [12, 3, 3, 3], pads: [1, 1, 1, 1] },
      { x: [5, 2, 3, 127], w: [33, 2, 2, 15], pads: [1, 7, 0, 7] },
      { x: [2, 8, 6, 14], w: [16, 8, 5, 5], pads: [2, 2, 2, 2] },
      { x: [1, 4, 5, 11], w: [9, 4, 2, 5], pads: [0, 4, 1, 0] },
    ],
  ],
  ['conv-tiled', 'gpu', tiled],
  ['depthwise-3x3', 'cpu', depthwise3x3],
  ['depthwise-3x3', 'gpu', depthwise3x3],
  ['conv-grouped', 'cpu', grouped],
  ['conv-grouped', 'gpu', grouped],
  ['depthwise-5', 'cpu', depthwise5],
  ['depthwise', 'cpu', depthwiseWide],
  ['depthwise', 'gpu', depthwise],
  ['conv-stem', 'cpu', fromChannelsFirst, { readsChannelsFirst: true }],
  ['conv-columns', 'cpu', columnsFromChannelsFirst, { readsChannelsFirst: true }],
  ['conv-tiled', 'gpu', fromChannelsFirst.concat({ x: [2, 9, 5, 6], w: [7, 9, 3, 2] }), { readsChannelsFirst: true }],
];

/** A piece of each kernel's text, and what makes it wrong. */
const mistakes: Readonly<Record<string, readonly [string, string]>> = {
  'conv-pointwise-32': ['b5 += x5', 'b5 += x4'],
  'conv-pointwise-64': ['d15 += x15', 'd15 += x14'],
  'conv-pointwise': ['quadBroadcast(v, 1u)', 'quadBroadcast(v, 2u)'],
  'conv-3x3': ['quadBroadcast(v0, 1u)', 'quadBroadcast(v0, 2u)'],
  'conv-direct-32': ['w2 < params.in_w', 'w2 <= params.in_w'],
  'conv-direct': ['h >= params.in_h', 'h > params.in_h'],
  'conv-sliding': ['column < params.in_w)', 'column <= params.in_w)'],
  'conv-stem': ['quadBroadcast(v3, 0u)', 'quadBroadcast(v3, 1u)'],
  'conv-columns': ['quadBroadcast(w1, 1u)', 'quadBroadcast(w1, 2u)'],
  'conv-grouped': ['(quad / params.group_quads)', '(quad / (params.group_quads + 1u))'],
  'conv-tiled': ['a1 += v0.y', 'a1 += v0.z'],
  'depthwise-3x3': ['h < params.in_h', 'h <= params.in_h'],
  'depthwise-5': ['x1 * m0 + x2 * m1', 'x1 * m0 + x3 * m1'],
  depthwise: ['h >= params.in_h', 'h > params.in_h'],
};

const casesOf = (shapes: readonly ConvShape[], options: Partial<ConvOptions>): OpCase[] =>
  shapes.flatMap((shape) =>
    [{ bias: true, ...relu }, { bias: false }].map((given: ConvOptions) =>
      convCase(shape, { ...given, ...options, channelsLast: true }),
    ),
  );

const suites = tables.map(([kernel, kind, shapes, options]) => ({
  kernel,
  title: `${kernel} for a ${kind}${options ? ', from channels-first' : ''}`,
  cases: casesOf(shapes, { ...options, ...reaching(kernel, kind) }),
}));

const kernelOf = (opCase: OpCase, features: readonly string[] = ['subgroups']): string | undefined => {
  const graph = inferShapes(caseGraph(opCase).graph);
  return buildPlan(graph, { ...defaultFacts, ...opCase.facts, features }).pipelines[0]?.kernel;
};

describe.each(suites)('$title', ({ kernel, cases }) => {
  it.each(cases)('$name', async (opCase) => {
    expect(kernelOf(opCase)).toBe(kernel);
    await checkOp(opCase);
  });

  it('is rejected when wrong', async () => {
    await expectWrongKernelRejected(cases[2] as OpCase, ...(mistakes[kernel] as readonly [string, string]));
  });
});

/** The sixth pixel is not a number; its channels follow those of the fifth, which fill no vec4s. */
const besideNan = (kernel: string, kind: 'cpu' | 'gpu', w: number[], group = 1): OpCase => ({
  name: kernel,
  op: 'Conv',
  facts: { kind },
  inputs: [
    { shape: [1, 1, 14, 9], data: Array.from({ length: 126 }, (_, i) => (i >= 45 && i < 54 ? Number.NaN : i / 9 - 8)) },
    { shape: w, constant: true },
  ],
  attributes: {
    channelsLast: true,
    group,
    pads: w[2] === 3 ? [1, 1, 1, 1] : [0, 0, Number(w[3] === 2), 0],
  } as OpCase['attributes'] & object,
  tolerance: matmulTolerance(81, 16, 2),
});

describe('a pixel beside one that is not a number', () => {
  const cases = [
    besideNan('conv-pointwise', 'cpu', [5, 9, 1, 1]),
    besideNan('conv-3x3', 'cpu', [5, 9, 3, 3]),
    besideNan('conv-sliding', 'cpu', [3, 9, 1, 2]),
    besideNan('conv-direct', 'cpu', [5, 9, 2, 2]),
    besideNan('conv-direct-32', 'cpu', [29, 9, 2, 2]),
    besideNan('conv-pointwise-32', 'cpu', [29, 9, 1, 1]),
    besideNan('conv-tiled', 'gpu', [5, 9, 1, 1]),
    besideNan('conv-grouped', 'gpu', [12, 3, 1, 1], 3),
  ];

  it.each(cases)('in $name', async (opCase) => {
    expect(kernelOf(opCase)).toBe(opCase.name);
    await checkOp(opCase);
    await expectWrongKernelRejected(opCase, '< vec4u(params.inputs)', '< vec4u(params.inputs + 3u)');
  });
});

it('takes workgroup memory where the kernels without it cannot run', () => {
  const options = { bias: true, channelsLast: true, kind: 'cpu' } as const;
  expect(kernelOf(convCase({ x: [1, 4, 1, 1], w: [4, 4, 1, 1] }, options), [])).toBe('conv-tiled');
  expect(kernelOf(convCase({ x: [1, 4, 70000, 1], w: [4, 4, 2, 1] }, options))).toBe('conv-tiled');
  expect(kernelOf(convCase({ x: [1, 3, 70000, 1], w: [4, 3, 2, 1] }, options))).toBe('conv-tiled');
});

describe('the general kernel serves', () => {
  const shape: ConvShape = { x: [1, 4, 5, 5], w: [4, 4, 3, 3] };
  it.each<[string, ConvShape, ConvOptions, (readonly string[])?]>([
    ['weights that are fed, channels-first', shape, { bias: true, kind: 'cpu', constant: false }],
    ['weights that are fed', shape, { bias: true, kind: 'cpu', channelsLast: true, constant: false }],
    [
      'channels-first, where the output is not',
      { ...shape, w: [4, 2, 3, 3], group: 2 },
      { bias: true, kind: 'gpu', channelsLast: true, readsChannelsFirst: true },
    ],
    [
      'groups that fill no quads',
      { x: [1, 8, 5, 5], w: [6, 4, 3, 3], group: 2 },
      { bias: true, kind: 'cpu', channelsLast: true },
    ],
    [
      'an input without elements',
      { x: [1, 4, 1, 0], w: [4, 4, 1, 3], pads: [0, 2, 0, 2] },
      { bias: true, kind: 'cpu', channelsLast: true },
    ],
  ])('%s', (_, given, options) => expect(kernelOf(convCase(given, options))).toBe('conv'));
});
