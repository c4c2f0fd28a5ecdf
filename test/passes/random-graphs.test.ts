import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { bind, optimize } from '../../src/passes/index.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

/** What to add next, and which earlier values to read: each number picks among what there is. */
type Choice = readonly [kind: number, from: number];

/** Adds a node or a pattern on a value and perhaps another one. */
type Step = (b: NetBuilder, y: string, other: string, from: number) => string;

const choices = fc.array(fc.tuple(fc.nat(99), fc.nat(20)), { minLength: 1, maxLength: 8 });

const pick = <T>(list: readonly T[], number: number): T => list[number % list.length] as T;

/** Steps one after the other, each on values made so far; the last value and one more are outputs. */
const randomNet = (shape: readonly (number | string)[], steps: readonly Step[], list: readonly Choice[]): Graph => {
  const b = new NetBuilder(list.length);
  const made = [b.input('x', 'float32', shape)];
  for (const [kind, from] of list) made.push(pick(steps, kind)(b, pick(made, from), pick(made, from * 7 + 1), from));
  b.output(made.at(-1) as string, b.op('ReduceMean', [pick(made, list.length * 3), b.ints(-1)], { keepdims: false }));
  return b.build();
};

/** Of every node that the passes make: that its results are those of the net as it was built. */
const expectSame = (before: Graph, shape: readonly number[]): Graph => {
  const shapes = new Map([['x', shape]]);
  const after = bind(optimize(before), shapes);
  expectSameResults(after, before, randomFeeds(shapes), { atol: 1e-4, rtol: 1e-4 });
  return after;
};

const unary: Step = (b, y, _, from) => b.op(pick(['Relu', 'Sigmoid', 'HardSwish', 'Identity', 'Tanh', 'Gelu'], from), [y]);

const imageSteps = (c: number): readonly Step[] => [
  (b, y) => b.conv(y, c, c, 3),
  (b, y) => b.batchNormalization(b.conv(y, c, c, 1), c),
  (b, y) => b.conv(y, c, c, 3, { group: c }),
  (b, y, other) => b.op('Add', [y, other]),
  (b, y) => b.op('Mul', [y, b.weight([c, 1, 1])]),
  (b, y) => b.op('MaxPool', [y], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  (b, y, other) => b.conv(b.op('Concat', [y, other], { axis: 1 }), 2 * c, c, 1),
  (b, y) => b.op('Transpose', [b.op('Transpose', [y], { perm: [0, 2, 3, 1] })], { perm: [0, 3, 1, 2] }),
  (b, y) => b.op('PRelu', [b.conv(y, c, c, 3), b.weight([c, 1, 1])]),
  (b, y) => b.conv(b.op('Pad', [y, b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), c, c, 3, { pads: [0, 0, 0, 0] }),
  (b, y) => b.op('Add', [b.op('Add', [b.conv(y, c, c, 3), b.conv(y, c, c, 1)]), b.batchNormalization(y, c)]),
  (b, y) => b.op('Mul', [y, b.op('GlobalAveragePool', [y])]),
  (b, y) => b.op('Relu', [b.op('ConvTranspose', [y, b.weight([c, c, 3, 3]), b.weight([c])], { pads: [1, 1, 1, 1] })]),
  (b, y, other, from) => {
    const halves = { strides: [2, 2], pads: [from % 2, 1, from % 2, 1] };
    return b.op('Add', [b.conv(b.op('ConvTranspose', [y, b.weight([c, c, 4, 4])], halves), c, c, 3, halves), other]);
  },
  unary,
];

const WIDTH = 6;
const HEADS = 2;

/** Heads of 3 numbers, parted by an order of axes. */
const heads = (b: NetBuilder, y: string, perm: readonly number[]): string =>
  b.op('Transpose', [b.op('Reshape', [y, b.ints(0, 0, HEADS, WIDTH / HEADS)])], { perm });

const sequenceSteps: readonly Step[] = [
  (b, y) => b.op('Add', [b.weight([WIDTH]), b.op('MatMul', [y, b.weight([WIDTH, WIDTH])])]),
  (b, y, other) => b.op('Add', [y, other]),
  (b, y, other, from) => {
    const scores = b.op('MatMul', [heads(b, y, [0, 2, 1, 3]), heads(b, other, [0, 2, 3, 1])]);
    const scaled = b.op(pick(['Mul', 'Div'], from), [scores, b.values([], [0.5])]);
    const masked = from % 3 === 0 ? b.op('Add', [scaled, b.weight([1, HEADS, 1, 4], -2)]) : scaled;
    const summed = b.op('MatMul', [b.op('Softmax', [masked], { axis: -1 }), heads(b, y, [0, 2, 1, 3])]);
    return b.op('Reshape', [b.op('Transpose', [summed], { perm: [0, 2, 1, 3] }), b.ints(0, 0, WIDTH)]);
  },
  (b, y, other) => b.op('MatMul', [b.op('Softmax', [b.op('MatMul', [y, b.op('Transpose', [other], { perm: [0, 2, 1] })])]), y]),
  (b, y) => {
    const transposed = b.batchNormalization(b.op('Transpose', [y], { perm: [0, 2, 1] }), WIDTH);
    return b.op('Transpose', [transposed], { perm: [0, 2, 1] });
  },
  (b, y) => {
    const d = b.op('Sub', [y, b.op('ReduceMean', [y, b.ints(-1)])]);
    const variance = b.op('ReduceMean', [b.op('Mul', [d, d]), b.ints(-1)]);
    return b.op('Mul', [b.op('Div', [d, b.op('Sqrt', [b.op('Add', [variance, b.values([], [1e-3])])])]), b.weight([WIDTH])]);
  },
  (b, y) => b.op('Mul', [y, b.op('Sigmoid', [y])]),
  (b, y) => b.op('Add', [b.op('Mul', [y, b.values([], [0.5])]), b.weight([WIDTH])]),
  unary,
];

describe('all passes', () => {
  it('leave the results of random nets of images as they are', () => {
    fc.assert(
      fc.property(fc.constantFrom(3, 4, 5, 8), choices, (channels, list) => {
        expectSame(randomNet(['N', channels, 6, 6], imageSteps(channels), list), [2, channels, 6, 6]);
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('leave the results of random nets of sequences as they are', () => {
    let fused = 0;
    fc.assert(
      fc.property(choices, (list) => {
        const after = expectSame(randomNet(['N', 4, WIDTH], sequenceSteps, list), [2, 4, WIDTH]);
        fused += after.nodes.filter(({ op }) => op === 'Attention').length;
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(fused).toBeGreaterThan(20);
  });
});
