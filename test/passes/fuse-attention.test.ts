import { describe, expect, it } from 'vitest';
import type { Graph, Node } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { fuseAttention } from '../../src/passes/fuse-attention.js';
import { bind, operatorsOf, optimize } from '../../src/passes/index.js';
import { removeDeadNodes } from '../../src/passes/remove-dead-nodes.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const [batch, sequence, heads, width] = [2, 5, 3, 4] as const;
const all = heads * width;
const shapes = new Map(['q', 'k', 'v'].map((name) => [name, [batch, sequence, all] as readonly number[]]));
const feeds = randomFeeds(shapes);

/** How an exporter writes it: where it scales, and what it does with the scores. */
interface Style {
  readonly scaleOf?: (b: NetBuilder, scores: string) => string;
  readonly queries?: (b: NetBuilder, q: string) => string;
  readonly keys?: (b: NetBuilder, k: string) => string;
  readonly transposed?: (b: NetBuilder, k: string) => string;
  readonly weights?: (b: NetBuilder, p: string) => string;
}

const same = (_: NetBuilder, x: string): string => x;
const scalar = (b: NetBuilder, v: number): string => b.values([], [v]);
const mul = (factor: number) => (b: NetBuilder, x: string) => b.op('Mul', [x, scalar(b, factor)]);
const masked =
  (shape: readonly number[]) =>
  (b: NetBuilder, s: string): string =>
    b.op('Add', [b.weight(shape, -3), b.op('Div', [s, scalar(b, 2)])]);

const parted = (b: NetBuilder, x: string, perm = [0, 2, 1, 3]): string =>
  b.op('Transpose', [b.op('Reshape', [x, b.ints(0, 0, heads, width)])], { perm });
const joined = (b: NetBuilder, y: string): string =>
  b.op('Reshape', [b.op('Transpose', [y], { perm: [0, 2, 1, 3] }), b.ints(0, 0, all)]);

const core = (b: NetBuilder, q: string, k: string, v: string, style: Style): string => {
  const { scaleOf = same, queries = same, transposed = same, weights = same } = style;
  const scores = scaleOf(b, b.op('MatMul', [queries(b, q), transposed(b, k)]));
  return b.op('MatMul', [weights(b, b.op('Softmax', [scores], { axis: -1 })), v]);
};

/** Self-attention with heads parted and joined. */
const ofHeads = (style: Style = {}): Graph => {
  const b = new NetBuilder();
  const [q, k, v] = [...shapes].map(([name, shape]) => b.input(name, 'float32', shape)) as [string, string, string];
  const { keys = same } = style;
  b.output(joined(b, core(b, parted(b, q), keys(b, parted(b, k, [0, 2, 3, 1])), parted(b, v), style)));
  return inferShapes(b.build());
};

const fused = (before: Graph): Graph => {
  const after = removeDeadNodes(verify(fuseAttention(before), 'fuse-attention'));
  expectSameResults(after, before, feeds, tolerances.reduction);
  return after;
};
const ops = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);
const attention = ({ nodes }: Graph): Node => nodes.find(({ op }) => op === 'Attention') as Node;

describe('fuse-attention', () => {
  it.each<[string, Style, number]>([
    ['without a scale', {}, 1],
    ['scores times a number', { scaleOf: mul(0.5) }, 0.5],
    ['scores by a number', { scaleOf: (b, s) => b.op('Div', [s, scalar(b, 8)]) }, 0.125],
    ['a number times scores', { scaleOf: (b, s) => b.op('Mul', [scalar(b, 0.5), s]) }, 0.5],
    ['scaled queries', { queries: mul(0.5) }, 0.5],
    ['queries and transposed keys scaled', { queries: mul(0.5), transposed: mul(0.25) }, 0.125],
    ['keys scaled before', { keys: mul(0.5), scaleOf: mul(3) }, 1.5],
    ['a mask for all', { scaleOf: masked([sequence, sequence]) }, 0.5],
    ['a mask for each head', { scaleOf: masked([1, heads, 1, sequence]) }, 0.5],
    ['a mask for each sample', { scaleOf: masked([batch, 1, 1, sequence]) }, 0.5],
  ])('takes in the heads: %s', (_, style, scale) => {
    const after = fused(ofHeads(style));
    expect(ops(after)).toEqual(['Attention', 'Reshape', 'Reshape']);
    expect(attention(after).attributes).toMatchObject({ scale, q_num_heads: heads, kv_num_heads: heads });
    expect(attention(after).inputs.slice(0, 3)).toEqual(['q', 'k', 'v']);
  });

  it('keeps heads that are parted otherwise', () => {
    const b = new NetBuilder();
    const [q, k, v] = [...shapes].map(([name, shape]) => b.input(name, 'float32', shape)) as [string, string, string];
    const of = (x: string): string => b.op('Relu', [parted(b, x)]);
    b.output(core(b, of(q), b.op('Transpose', [of(k)], { perm: [0, 1, 3, 2] }), of(v), { scaleOf: mul(0.5) }));
    const after = fused(inferShapes(b.build()));
    expect(ops(after).filter((op) => op === 'MatMul' || op === 'Softmax')).toEqual([]);
    expect(ops(after).filter((op) => op === 'Transpose')).toHaveLength(3);
    expect(attention(after).attributes).toMatchObject({ q_num_heads: 0 });
  });

  it('joins heads that the file has apart from the start', () => {
    const b = new NetBuilder();
    const given = new Map([...shapes.keys()].map((name) => [name, [batch, sequence, heads, width] as readonly number[]]));
    const [q, k, v] = [...given].map(([name, shape]) => b.input(name, 'float32', shape)) as [string, string, string];
    const turn = (x: string, perm: number[]): string => b.op('Transpose', [x], { perm });
    const y = core(b, turn(q, [0, 2, 1, 3]), turn(k, [0, 2, 3, 1]), turn(v, [0, 2, 1, 3]), {});
    b.output(turn(y, [0, 2, 1, 3]));
    const before = inferShapes(b.build());
    const after = removeDeadNodes(verify(fuseAttention(before), 'fuse-attention'));
    expectSameResults(after, before, randomFeeds(given), tolerances.reduction);
    expect(ops(after)).toEqual(['Reshape', 'Reshape', 'Reshape', 'Attention', 'Reshape']);
  });

  it('takes one head without an axis of its own', () => {
    const b = new NetBuilder();
    const [q, k, v] = [...shapes].map(([name, shape]) => b.input(name, 'float32', shape)) as [string, string, string];
    b.output(core(b, q, b.op('Transpose', [k], { perm: [0, 2, 1] }), v, { scaleOf: masked([sequence, sequence]) }));
    const after = fused(inferShapes(b.build()));
    expect(ops(after)).toEqual(['Attention']);
    expect(attention(after).attributes).toMatchObject({ q_num_heads: 1, kv_num_heads: 1, scale: 0.5 });
  });

  it.each<[string, Graph | (() => Graph)]>([
    [
      'a softmax over queries',
      () => ofHeads({ scaleOf: (b, s) => b.op('Softmax', [s], { axis: 2 }), weights: (b, p) => b.op('Neg', [p]) }),
    ],
    ['weights that something is done to', () => ofHeads({ weights: (b, p) => b.op('Relu', [p]) })],
    ['a scale for each query', () => ofHeads({ scaleOf: (b, s) => b.op('Mul', [s, b.weight([sequence, 1])]) })],
    ['a mask that is one number a query', () => ofHeads({ scaleOf: masked([sequence, 1]) })],
    [
      'a mask that hides all keys from a query',
      () =>
        ofHeads({
          scaleOf: (b, s) => {
            const hidden = Array.from({ length: sequence ** 2 }, (_, i) => (i < sequence ? Number.NEGATIVE_INFINITY : 0));
            return b.op('Add', [s, b.values([sequence, sequence], hidden)]);
          },
        }),
    ],
    [
      'keys that are not transposed',
      () => {
        const b = new NetBuilder();
        const [q, k, v] = ['q', 'k', 'v'].map((name) => b.input(name, 'float32', [2, 4, 4])) as [string, string, string];
        b.output(core(b, q, k, v, {}));
        return inferShapes(b.build());
      },
    ],
    [
      'keys for all samples',
      () => {
        const b = new NetBuilder();
        const [q, v] = ['q', 'v'].map((name) => b.input(name, 'float32', [2, 4, 4])) as [string, string];
        b.output(core(b, q, b.op('Transpose', [b.input('k', 'float32', [1, 4, 4])], { perm: [0, 2, 1] }), v, {}));
        return inferShapes(b.build());
      },
    ],
  ])('does not take %s', (_, build) => {
    const before = build instanceof Function ? build() : build;
    expect(fuseAttention(before)).toBe(before);
  });

  it('does not take weights or scores that are read elsewhere', () => {
    for (const read of ['Softmax', 'MatMul']) {
      const graph = ofHeads();
      const seen = graph.nodes.find(({ op }) => op === read)?.outputs[0] as string;
      const before = { ...graph, outputs: [...graph.outputs, seen] };
      expect(fuseAttention(before)).toBe(before);
    }
  });
});

describe('a transformer block', () => {
  /** With a batch that only a run tells, so that the shapes in the middle are computed by the model. */
  const block = (): Graph => {
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['N', sequence, all]);
    const samples = b.op('Gather', [b.op('Shape', [x]), b.values([], [0], 'int64')], { axis: 0 });
    const split = (y: string, perm: number[]): string => {
      const dims = b.op('Concat', [b.op('Unsqueeze', [samples, b.ints(0)]), b.ints(-1, heads, width)], { axis: 0 });
      return b.op('Transpose', [b.op('Reshape', [y, dims])], { perm });
    };
    const linear = (y: string, to = all): string => b.op('Add', [b.weight([to]), b.op('MatMul', [y, b.weight([all, to])])]);
    const y = core(b, split(linear(x), [0, 2, 1, 3]), split(linear(x), [0, 2, 3, 1]), split(linear(x), [0, 2, 1, 3]), {
      scaleOf: mul(0.5),
    });
    b.output(b.op('Add', [linear(joined(b, y)), x]));
    return b.build();
  };

  it('is four products and one attention, with bias and residual', () => {
    const before = block();
    const bindings = new Map([['x', [batch, sequence, all]]]);
    const after = bind(optimize(before), bindings);
    expectSameResults(after, before, randomFeeds(bindings), tolerances.reduction);
    const { commands } = buildPlan(after, defaultFacts);
    expect(commands.map((c) => (c.kind === 'dispatch' ? c.op : c.kind))).toEqual([
      'MatMul',
      'MatMul',
      'MatMul',
      'Attention',
      'MatMul',
    ]);
  });

  it('tells which operators it may become', () => {
    expect(operatorsOf(block().nodes)).toContain('Attention');
    expect(operatorsOf(block().nodes.filter(({ op }) => op !== 'Softmax'))).not.toContain('Attention');
  });
});
