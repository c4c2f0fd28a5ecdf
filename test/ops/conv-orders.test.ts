import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { buildPlan } from '../../src/plan/build.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { type ConvShape, convCase, reaching } from '../support/conv-case.js';

/** Convolutions that read or write channels-first at the border of a region, and those that do both. */
const orders = {
  'from channels-first': { channelsLast: true, readsChannelsFirst: true },
  'to channels-first': { channelsLast: true, writesChannelsFirst: true },
  'channels-first': { channelsLast: false },
} as const;
type Order = keyof typeof orders;

const relu = [{ op: 'Relu', attributes: {} }];

/** Channels that fill vec4s and channels that fill none; planes of whole vec4s and others; one image and more. */
const tables: readonly (readonly [kernel: string, kind: 'cpu' | 'gpu', shapes: readonly ConvShape[]])[] = [
  [
    'conv-pointwise',
    'cpu',
    [
      { x: [1, 16, 4, 5], w: [33, 16, 1, 1] },
      { x: [2, 16, 6, 6], w: [7, 16, 1, 1] },
      { x: [3, 16, 3, 3], w: [16, 16, 1, 1] },
      { x: [2, 33, 2, 2], w: [16, 33, 1, 1] },
      { x: [1, 8, 3, 7], w: [5, 8, 1, 1] },
    ],
  ],
  [
    'conv-pointwise-32',
    'cpu',
    [
      { x: [2, 12, 8], w: [20, 12, 1] },
      { x: [1, 16, 5, 4], w: [32, 16, 1, 1] },
      { x: [3, 9, 3, 3], w: [61, 9, 1, 1] },
    ],
  ],
  [
    'conv-pointwise-64',
    'cpu',
    [
      { x: [2, 36, 4, 5], w: [67, 36, 1, 1] },
      { x: [1, 12, 6, 6], w: [128, 12, 1, 1] },
    ],
  ],
  [
    'conv-3x3',
    'cpu',
    [
      { x: [2, 16, 5, 14], w: [16, 16, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 33, 3, 16], w: [33, 33, 3, 3] },
      { x: [2, 9, 4, 28], w: [7, 9, 3, 3], pads: [2, 1, 0, 1] },
    ],
  ],
  [
    'conv-direct',
    'cpu',
    [
      { x: [2, 16, 7, 9], w: [33, 16, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [1, 33, 6, 5], w: [16, 33, 3, 2], dilations: [1, 2], pads: [1, 1, 1, 1] },
      { x: [2, 13, 17], w: [5, 13, 4], strides: [3], pads: [2, 1] },
      { x: [2, 12, 5, 6], w: [32, 6, 3, 3], group: 2, pads: [1, 1, 1, 1] },
    ],
  ],
  [
    'conv-direct-32',
    'cpu',
    [
      { x: [2, 16, 7, 9], w: [32, 16, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [1, 33, 6, 5], w: [29, 33, 3, 2], dilations: [1, 2], pads: [1, 1, 1, 1] },
      { x: [2, 13, 17], w: [20, 13, 4], strides: [3], pads: [2, 1] },
    ],
  ],
  [
    'conv-sliding',
    'cpu',
    [
      { x: [2, 16, 5, 9], w: [3, 16, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 33, 4, 17], w: [4, 33, 3, 2], strides: [2, 1] },
    ],
  ],
  [
    'conv-stem',
    'cpu',
    [
      { x: [2, 3, 9, 17], w: [16, 3, 3, 3], pads: [1, 1, 1, 1], strides: [2, 2] },
      { x: [2, 7, 5, 4], w: [33, 7, 2, 2] },
    ],
  ],
  [
    'conv-columns',
    'cpu',
    [
      { x: [1, 5, 6, 7], w: [7, 5, 3, 3], pads: [1, 1, 1, 1] },
      { x: [2, 6, 8, 14], w: [16, 6, 5, 5], pads: [0, 2, 0, 2] },
      { x: [3, 2, 3, 21], w: [6, 2, 2, 3] },
    ],
  ],
  [
    'conv-tiled',
    'gpu',
    [
      { x: [2, 16, 5, 7], w: [33, 16, 3, 3], pads: [1, 1, 1, 1] },
      { x: [1, 33, 6, 6], w: [16, 33, 1, 1] },
      { x: [3, 7, 4, 5], w: [5, 7, 2, 3], strides: [2, 1], dilations: [1, 2], pads: [0, 2, 1, 2] },
      { x: [2, 5, 13], w: [8, 5, 3], strides: [2] },
      { x: [2, 12, 5, 6], w: [64, 6, 3, 3], group: 2, pads: [1, 1, 1, 1] },
    ],
  ],
  ...(['cpu', 'gpu'] as const).flatMap((kind): (readonly [string, 'cpu' | 'gpu', readonly ConvShape[]])[] => [
    [
      'conv-grouped',
      kind,
      [
        { x: [2, 16, 7, 5], w: [8, 8, 3, 3], group: 2, pads: [1, 1, 1, 1] },
        { x: [1, 33, 4, 6], w: [12, 11, 2, 2], group: 3, strides: [1, 2] },
        { x: [2, 8, 13], w: [16, 2, 3], group: 4, pads: [1, 1] },
      ],
    ],
    [
      'depthwise-3x3',
      kind,
      [
        { x: [2, 16, 6, 5], w: [16, 1, 3, 3], group: 16, pads: [1, 1, 1, 1] },
        { x: [1, 33, 17, 6], w: [33, 1, 3, 3], group: 33, strides: [2, 2], pads: [1, 0, 1, 1] },
        { x: [2, 7, 5, 9], w: [7, 1, 3, 3], group: 7 },
      ],
    ],
    [
      kind === 'cpu' ? 'depthwise-5' : 'depthwise',
      kind,
      [
        { x: [2, 16, 7, 6], w: [16, 1, 5, 5], group: 16, pads: [2, 2, 2, 2] },
        { x: [1, 5, 9, 11], w: [5, 1, 3, 2], group: 5, dilations: [2, 3] },
        { x: [1, 33, 9], w: [33, 1, 3], group: 33, pads: [2, 0] },
      ],
    ],
    [
      'depthwise',
      kind,
      [
        { x: [2, 16, 7, 8], w: [16, 1, 7, 7], group: 16, pads: [3, 3, 3, 3] },
        { x: [1, 5, 9, 11], w: [5, 1, 3, 2], group: 5, strides: [1, 3], dilations: [2, 1] },
      ],
    ],
  ]),
];

const suites = tables.flatMap(([kernel, kind, shapes]) =>
  (Object.keys(orders) as Order[]).map((order) => ({
    kernel,
    order,
    title: `${kernel} for a ${kind}, ${order}`,
    cases: shapes.flatMap((shape) => [
      convCase(shape, { bias: true, ...orders[order], ...reaching(kernel, kind), epilogue: relu }),
      convCase(shape, { bias: false, ...orders[order], ...reaching(kernel, kind) }),
    ]),
  })),
);

const kernelOf = (opCase: OpCase): string | undefined => {
  const graph = inferShapes(caseGraph(opCase).graph);
  return buildPlan(graph, { ...defaultFacts, ...opCase.facts, features: ['subgroups'] }).pipelines[0]?.kernel;
};

/** What makes a kernel lose its place in x, and in y. */
const readsElsewhere = (kernel: string): [RegExp, string] =>
  kernel === 'conv-stem' ? [/\* params\.in_h \+ h\)/, '* params.in_h + h + 1u)'] : [/params\.x_c(?!:)/g, '(params.x_c + 1u)'];
const writesElsewhere: [RegExp, string] = [/params\.y_c(?!:)/g, '(params.y_c - 1u)'];

describe.each(suites)('$title', ({ kernel, order, cases }) => {
  it.each(cases)('$name', async (opCase) => {
    expect(kernelOf(opCase)).toBe(kernel);
    await checkOp(opCase);
  });

  it('is rejected where it reads or writes elsewhere', async () => {
    const opCase = cases[0] as OpCase;
    if (order !== 'to channels-first') await expectWrongKernelRejected(opCase, ...readsElsewhere(kernel));
    if (order !== 'from channels-first') await expectWrongKernelRejected(opCase, ...writesElsewhere);
  });
});
