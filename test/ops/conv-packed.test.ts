import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { type ConvOptions, type ConvShape, convCase } from '../support/conv-case.js';

const relu = { epilogue: [{ op: 'Relu', attributes: {} }] };

const depthwise3x3: ConvShape[] = [
  { x: [1, 4, 1, 1], w: [4, 1, 3, 3], group: 4, pads: [1, 1, 1, 1] },
  { x: [2, 8, 6, 5], w: [8, 1, 3, 3], group: 8, pads: [1, 1, 1, 1] },
  { x: [1, 36, 9, 13], w: [36, 1, 3, 3], group: 36, pads: [0, 2, 1, 1] },
  { x: [1, 4, 33, 4], w: [4, 1, 3, 3], group: 4, pads: [1, 1, 1, 1] },
  { x: [1, 4, 65, 4], w: [4, 1, 3, 3], group: 4, strides: [2, 2] },
  { x: [2, 12, 11, 10], w: [12, 1, 3, 3], group: 12, strides: [2, 2], pads: [1, 1, 1, 1] },
  { x: [1, 4, 8, 35], w: [4, 1, 3, 3], group: 4, strides: [2, 2], auto_pad: 'SAME_UPPER' },
];

const depthwise: ConvShape[] = [
  { x: [1, 8, 7, 6], w: [8, 1, 5, 5], group: 8, pads: [2, 2, 2, 2] },
  { x: [2, 12, 9, 10], w: [12, 1, 3, 3], group: 12, strides: [2, 1], pads: [1, 1, 1, 1] },
  { x: [1, 4, 12, 33], w: [4, 1, 3, 2], group: 4, dilations: [3, 2], strides: [1, 3] },
  { x: [1, 4, 9], w: [4, 1, 3], group: 4, pads: [2, 0] },
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
];

/** Shapes for each kernel of channels-last convolutions with packed weights, in the family of a kind of adapter. */
const tables: readonly (readonly [kernel: string, kind: 'cpu' | 'gpu', shapes: readonly ConvShape[]])[] = [
  [
    'conv-pointwise',
    'cpu',
    [
      { x: [1, 4, 1, 1], w: [4, 4, 1, 1] },
      { x: [2, 12, 5, 3], w: [20, 12, 1, 1] },
      { x: [1, 32, 3, 11], w: [36, 32, 1, 1], auto_pad: 'SAME_UPPER' },
      { x: [3, 8, 4, 4], w: [16, 8, 1, 1], pads: [0, 0, 0, 0] },
    ],
  ],
  [
    'conv-3x3',
    'cpu',
    [
      { x: [1, 4, 3, 16], w: [4, 4, 3, 3] },
      { x: [2, 8, 5, 31], w: [20, 8, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 4, 9, 10], w: [36, 4, 3, 3], pads: [2, 0, 1, 3] },
      { x: [1, 12, 4, 14], w: [16, 12, 3, 3], auto_pad: 'SAME_LOWER' },
    ],
  ],
  [
    'conv-direct',
    'cpu',
    [
      { x: [1, 4, 3, 3], w: [4, 4, 3, 3] },
      { x: [2, 8, 7, 9], w: [20, 8, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [1, 4, 5, 33], w: [8, 4, 1, 1], strides: [2, 3] },
      { x: [1, 4, 11, 9], w: [36, 4, 3, 2], dilations: [2, 3], pads: [2, 1, 2, 4] },
      { x: [1, 8, 6, 7], w: [4, 8, 5, 5], auto_pad: 'SAME_UPPER', strides: [1, 2] },
      { x: [1, 4, 1, 1], w: [4, 4, 3, 3], pads: [3, 3, 3, 3] },
      { x: [2, 4, 13], w: [8, 4, 4], strides: [2], pads: [1, 2] },
      { x: [1, 4, 4, 4], w: [4, 4, 1, 1], pads: [1, 0, 0, 1] },
    ],
  ],
  [
    'conv-stem',
    'cpu',
    [
      { x: [1, 3, 9, 17], w: [4, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [2, 1, 12, 33], w: [20, 1, 7, 7], pads: [3, 3, 3, 3], strides: [2, 1] },
      { x: [1, 5, 6, 6], w: [16, 5, 2, 3], dilations: [3, 1], auto_pad: 'SAME_LOWER' },
      { x: [1, 3, 40], w: [8, 3, 5] },
    ],
  ],
  ['conv-tiled', 'gpu', tiled],
  ['depthwise-3x3', 'cpu', depthwise3x3],
  ['depthwise-3x3', 'gpu', depthwise3x3],
  ['depthwise', 'cpu', depthwise],
  ['depthwise', 'gpu', depthwise],
];

/** A piece of each kernel's text, and what makes it wrong. */
const mistakes: Readonly<Record<string, readonly [string, string]>> = {
  'conv-pointwise': ['quadBroadcast(v0, 1u)', 'quadBroadcast(v0, 2u)'],
  'conv-3x3': ['quadBroadcast(v0, 1u)', 'quadBroadcast(v0, 2u)'],
  'conv-direct': ['h >= params.in_h', 'h > params.in_h'],
  'conv-stem': ['quadBroadcast(v3, 0u)', 'quadBroadcast(v3, 1u)'],
  'conv-tiled': ['a1 += v0.y', 'a1 += v0.z'],
  'depthwise-3x3': ['h < params.in_h', 'h <= params.in_h'],
  depthwise: ['h >= params.in_h', 'h > params.in_h'],
};

interface Row {
  readonly kernel: string;
  readonly opCase: OpCase;
}

const rows: Row[] = tables.flatMap(([kernel, kind, shapes]) =>
  shapes.flatMap((shape) =>
    [{ bias: true, ...relu }, { bias: false }].map((options: ConvOptions) => ({
      kernel,
      opCase: convCase(shape, { ...options, channelsLast: true, kind }),
    })),
  ),
);

const kernelOf = (opCase: OpCase, features: readonly string[] = ['subgroups']): string | undefined => {
  const graph = inferShapes(caseGraph(opCase).graph);
  return buildPlan(graph, { ...defaultFacts, ...opCase.facts, features }).pipelines[0]?.kernel;
};

describe.each(tables.map(([kernel, kind]) => ({ kernel, kind })))('$kernel for a $kind', ({ kernel, kind }) => {
  const own = rows.filter((row) => row.kernel === kernel && row.opCase.facts?.kind === kind);

  it.each(own)('$opCase.name', async ({ opCase }) => {
    expect(kernelOf(opCase)).toBe(kernel);
    await checkOp(opCase);
  });

  it('is rejected when wrong', async () => {
    const { opCase } = own[2] as Row;
    await expectWrongKernelRejected(opCase, ...(mistakes[kernel] as readonly [string, string]));
  });
});

it('takes workgroup memory where the kernels without it cannot run', () => {
  const [row] = rows as [Row];
  expect(kernelOf(row.opCase, [])).toBe('conv-tiled');
  const tall: ConvShape = { x: [1, 4, 70000, 1], w: [4, 4, 2, 1] };
  expect(kernelOf(convCase(tall, { bias: true, channelsLast: true, kind: 'cpu' }))).toBe('conv-tiled');
});

describe('the general kernel serves', () => {
  const shape: ConvShape = { x: [1, 4, 5, 5], w: [4, 4, 3, 3] };
  it.each<[string, ConvShape, ConvOptions, (readonly string[])?]>([
    ['channels-first', shape, { bias: true, kind: 'cpu' }],
    ['weights that are fed', shape, { bias: true, kind: 'cpu', channelsLast: true, constant: false }],
    ['outputs that fill no vec4', { ...shape, w: [6, 4, 3, 3] }, { bias: true, kind: 'cpu', channelsLast: true }],
    ['many odd inputs', { x: [1, 9, 5, 5], w: [4, 9, 3, 3] }, { bias: true, kind: 'cpu', channelsLast: true }],
    ['groups', { x: [1, 8, 5, 5], w: [8, 4, 3, 3], group: 2 }, { bias: true, kind: 'cpu', channelsLast: true }],
    ['rows beyond the limit', { x: [1, 3, 70000, 1], w: [4, 3, 2, 1] }, { bias: true, kind: 'cpu', channelsLast: true }],
    [
      'an input without elements',
      { x: [1, 4, 1, 0], w: [4, 4, 1, 3], pads: [0, 2, 0, 2] },
      { bias: true, kind: 'cpu', channelsLast: true },
    ],
  ])('%s', (_, given, options) => expect(kernelOf(convCase(given, options))).toBe('conv'));
});
