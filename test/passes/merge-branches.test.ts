import { describe, expect, it } from 'vitest';
import type { Graph } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { inferShapes } from '../../src/ops/infer.js';
import { optimize } from '../../src/passes/index.js';
import { mergeBranches } from '../../src/passes/merge-branches.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const shape = [2, 8, 7, 6];
const feeds = randomFeeds(new Map([['x', shape]]));
const opsOf = (graph: Graph): string[] => graph.nodes.map(({ op }) => op);

const check = (build: (b: NetBuilder, x: string) => string): Graph => {
  const b = new NetBuilder();
  b.output(build(b, b.input('x', 'float32', shape)));
  const before = inferShapes(b.build());
  const after = verify(mergeBranches(before), 'merge-branches');
  expectSameResults(after, before, feeds, tolerances.reduction);
  return after;
};

/** {3x3 + BN, 1x1 + BN, identity BN} + Add (+ Relu), as RepVGG is exported for training. */
const repVgg = (b: NetBuilder, x: string, channelsIn: number, channelsOut: number, stride: number, group = 1): string => {
  const three = b.batchNormalization(b.conv(x, channelsIn, channelsOut, 3, { strides: [stride, stride], group }), channelsOut);
  const one = b.batchNormalization(b.conv(x, channelsIn, channelsOut, 1, { strides: [stride, stride], group }), channelsOut);
  const sum = b.op('Add', [three, one]);
  const all = channelsIn === channelsOut && stride === 1 ? b.op('Add', [sum, b.batchNormalization(x, channelsIn)]) : sum;
  return b.op('Relu', [all]);
};

describe('merge-branches', () => {
  it.each([
    { name: 'with identity', channels: 8, stride: 1, group: 1 },
    { name: 'with stride 2', channels: 12, stride: 2, group: 1 },
    { name: 'in groups', channels: 8, stride: 1, group: 4 },
  ])('makes a RepVGG block $name one convolution', ({ channels, stride, group }) => {
    const b = new NetBuilder();
    b.output(repVgg(b, b.input('x', 'float32', shape), 8, channels, stride, group));
    const before = b.build();
    const after = optimize(before);
    expect(opsOf(after)).toEqual(['Conv']);
    expectSameResults(after, before, feeds, tolerances.reduction);
  });

  it('takes the asymmetric branches of a diverse branch block', () => {
    const after = check((b, x) => {
      const wide = b.op('Conv', [x, b.weight([8, 8, 1, 3])], { kernel_shape: [1, 3], pads: [0, 1, 0, 1] });
      const tall = b.op('Conv', [x, b.weight([8, 8, 3, 1])], { kernel_shape: [3, 1], pads: [1, 0, 1, 0] });
      return b.op('Add', [b.op('Add', [b.conv(x, 8, 8, 3), wide]), tall]);
    });
    expect(opsOf(after)).toEqual(['Conv']);
  });

  it('takes an average-pooling branch', () => {
    const after = check((b, x) => {
      const pooled = b.op('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: true });
      return b.op('Add', [pooled, b.conv(x, 8, 8, 3)]);
    });
    expect(opsOf(after)).toEqual(['Conv']);
  });

  it('takes a 1x1 before a 3x3, where no bias would be lost in the padding', () => {
    const sequence = (bias: boolean) => (b: NetBuilder, x: string) => {
      const inner = b.op('Conv', [x, b.weight([8, 8, 1, 1]), ...(bias ? [b.weight([8])] : [])], { kernel_shape: [1, 1] });
      return b.op('Add', [b.conv(inner, 8, 8, 3), b.conv(x, 8, 8, 3)]);
    };
    expect(opsOf(check(sequence(false)))).toEqual(['Conv']);
    expect(opsOf(check(sequence(true)))).toHaveLength(4);
  });

  it('merges blocks inside blocks', () => {
    const after = check((b, x) => {
      const inner = b.op('Add', [b.conv(x, 8, 8, 3), b.conv(x, 8, 8, 1)]);
      const outer = b.op('Add', [b.batchNormalization(x, 8), inner]);
      return b.op('Add', [outer, b.conv(x, 8, 8, 5)]);
    });
    expect(opsOf(after)).toEqual(['Conv']);
  });

  it('keeps what is not linear in the same input', () => {
    const after = check((b, x) => {
      const sum = b.op('Add', [b.conv(x, 8, 8, 3), b.conv(x, 8, 8, 1)]);
      return b.op('Add', [sum, b.op('Tanh', [x])]);
    });
    expect(opsOf(after).sort()).toEqual(['Add', 'Conv', 'Tanh']);
  });

  it.each<[string, (b: NetBuilder, x: string) => string]>([
    [
      'strides differ',
      (b, x) =>
        b.op('Add', [
          b.conv(x, 8, 8, 1, { strides: [2, 2] }),
          b.conv(b.op('MaxPool', [x], { kernel_shape: [1, 1], strides: [2, 2] }), 8, 8, 1),
        ]),
    ],
    ['groups differ', (b, x) => b.op('Add', [b.conv(x, 8, 8, 3), b.conv(x, 8, 8, 3, { group: 8 })])],
    [
      'a dilation reaches further',
      (b, x) => b.op('Add', [b.conv(x, 8, 8, 3), b.conv(x, 8, 8, 3, { dilations: [2, 2], pads: [2, 2, 2, 2] })]),
    ],
  ])('does not fire where %s', (_, build) => {
    const b = new NetBuilder();
    b.output(build(b, b.input('x', 'float32', shape)));
    const before = inferShapes(b.build());
    expect(mergeBranches(before)).toBe(before);
  });

  it('does not fire where a branch is read elsewhere', () => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', shape);
    const y = b.conv(x, 8, 8, 3);
    b.output(b.op('Add', [y, b.conv(x, 8, 8, 1)]), y);
    const before = inferShapes(b.build());
    expect(mergeBranches(before)).toBe(before);
  });
});
