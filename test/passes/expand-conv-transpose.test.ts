import { describe, expect, it } from 'vitest';
import type { Attributes, Graph, Node } from '../../src/graph/graph.js';
import { verify } from '../../src/graph/verify.js';
import { defaultFacts } from '../../src/kernels/facts.js';
import { inferShapes } from '../../src/ops/infer.js';
import { expandConvTranspose } from '../../src/passes/expand-conv-transpose.js';
import { bind, loadPasses, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { type BuildNet, netOf, opsAfter } from '../support/check-pass.js';
import { expectSameResults } from '../support/expect-same-results.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const transposed = (
  b: NetBuilder,
  x: string,
  channels: readonly [number, number],
  kernel: readonly number[],
  given: Attributes,
): string => {
  const [from, to] = channels;
  const outputs = to * ((given.group as number | undefined) ?? 1);
  return b.op('ConvTranspose', [x, b.weight([from, to, ...kernel]), b.weight([outputs])], { kernel_shape: kernel, ...given });
};

const only = (ops: readonly Node[], op: string): Node => {
  const found = ops.filter((node) => node.op === op);
  expect(found).toHaveLength(1);
  return found[0] as Node;
};

/** Shape of x, outputs, kernel, attributes; then the kernel of the convolution, its pads, and the crop of the blocks. */
type Row = readonly [number[], number, number[], Attributes, number[], number[], number[]?];

const strided: readonly Row[] = [
  [[1, 3, 4, 5], 2, [2, 2], { strides: [2, 2] }, [1, 1], [0, 0, 0, 0]],
  [[2, 3, 4, 5], 2, [4, 4], { strides: [2, 2] }, [2, 2], [1, 1, 1, 1]],
  [[2, 3, 4, 5], 2, [4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }, [2, 2], [1, 1, 1, 1], [1, 1, 8, 10]],
  [[2, 3, 4, 5], 2, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }, [2, 2], [0, 0, 1, 1]],
  [[2, 3, 4, 5], 2, [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, [2, 2], [0, 0, 1, 1], [0, 0, 7, 9]],
  [[2, 3, 4, 5], 2, [3, 3], { strides: [2, 2] }, [2, 2], [1, 1, 1, 1], [0, 0, 9, 11]],
  [[1, 3, 4, 4], 2, [5, 5], { strides: [2, 2], pads: [2, 2, 2, 2], output_padding: [1, 1] }, [3, 3], [1, 1, 1, 1]],
  [[1, 2, 3, 3], 1, [16, 16], { strides: [8, 8], pads: [4, 4, 4, 4] }, [2, 2], [1, 1, 1, 1], [4, 4, 24, 24]],
  [[1, 2, 3, 4], 3, [4, 3], { strides: [3, 3], pads: [0, 1, 1, 0] }, [2, 1], [1, 0, 0, 0], [0, 1, 9, 11]],
  [[1, 2, 3, 4], 3, [3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }, [2, 2], [1, 1, 0, 0]],
  [[1, 2, 3, 4], 3, [3, 3], { strides: [2, 2], auto_pad: 'SAME_LOWER' }, [2, 2], [0, 0, 1, 1]],
  [[1, 2, 5, 4], 3, [3, 3], { strides: [2, 2], output_shape: [14, 8] }, [2, 2], [1, 0, 2, 1]],
  [[2, 5, 1, 1], 3, [4, 4], {}, [1, 1], [0, 0, 0, 0]],
  [[1, 5, 1, 1], 3, [4, 3], { strides: [3, 1] }, [1, 1], [0, 0, 0, 0], [0, 0, 4, 3]],
];

const unstrided: readonly Row[] = [
  [[2, 3, 6, 7], 2, [3, 3], {}, [3, 3], [2, 2, 2, 2]],
  [[2, 3, 6, 7], 2, [3, 3], { pads: [1, 0, 2, 1] }, [3, 3], [1, 2, 0, 1]],
  [[2, 3, 6, 7], 2, [3, 2], { dilations: [2, 3], pads: [1, 1, 1, 1] }, [3, 2], [3, 2, 3, 2]],
  [[2, 3, 6, 7], 2, [1, 1], {}, [1, 1], [0, 0, 0, 0]],
  [[2, 3, 9], 2, [4], { pads: [1, 1] }, [4], [2, 2]],
  [[2, 4, 6, 7], 1, [3, 3], { group: 4, pads: [1, 1, 1, 1] }, [3, 3], [1, 1, 1, 1]],
];

const expandedFrom = ([shape, to, kernel, given]: Row): Graph => {
  const before = netOf((b, x) => [transposed(b, x, [shape[1] as number, to], kernel, given)], shape);
  const after = verify(expandConvTranspose(before), 'expand-conv-transpose');
  expectSameResults(after, before, randomFeeds(new Map([['x', shape]])), tolerances.reduction);
  expect(inferShapes(after).values.get(after.outputs[0] as string)?.shape).toEqual(
    before.values.get(before.outputs[0] as string)?.shape,
  );
  return after;
};

const nameOf = ([shape, to, kernel, given]: Row): string => `[${shape}] to ${to}, ${kernel.join('x')} ${JSON.stringify(given)}`;

describe('expand-conv-transpose', () => {
  it.each(strided.map((row) => [nameOf(row), row] as const))('makes blocks of channels: %s', (_, row) => {
    const [, , , , kernel, pads, crop] = row;
    const { nodes } = expandedFrom(row);
    expect(nodes.map(({ op }) => op)).toEqual(['Conv', 'DepthToSpace']);
    expect(only(nodes, 'Conv').attributes).toMatchObject({ kernel_shape: kernel, pads, strides: [1, 1] });
    expect(only(nodes, 'DepthToSpace').attributes).toMatchObject({ mode: 'DCR', crop });
  });

  it.each(unstrided.map((row) => [nameOf(row), row] as const))('turns the kernel where it moves by one: %s', (_, row) => {
    const [, , , { dilations }, kernel, pads] = row;
    const { nodes } = expandedFrom(row);
    expect(nodes.map(({ op }) => op)).toEqual(['Conv']);
    expect(nodes[0]?.attributes).toMatchObject({ kernel_shape: kernel, pads, ...(dilations && { dilations }) });
  });

  it('takes one without bias', () => {
    const build: BuildNet = (b, x) => [b.op('ConvTranspose', [x, b.weight([3, 2, 2, 2])], { strides: [2, 2] })];
    expect(opsAfter(expandConvTranspose, build, [1, 3, 3, 3])).toEqual(['Conv', 'DepthToSpace']);
  });

  it.each<[string, number[], number, number[], Attributes]>([
    ['a kernel over few pixels, which reaches mostly outside', [1, 3, 2, 2], 2, [7, 7], {}],
    ['a dilation that leaves most places of a block out', [1, 2, 6, 6], 2, [3, 3], { strides: [2, 2], dilations: [2, 2] }],
    ['groups of several channels', [1, 4, 6, 6], 2, [2, 2], { group: 2, strides: [2, 2] }],
    ['one kernel a channel that makes more pixels', [1, 4, 6, 6], 1, [2, 2], { group: 4, strides: [2, 2] }],
    ['steps that differ between the axes', [1, 3, 6, 6], 2, [2, 2], { strides: [2, 1] }],
    ['more pixels along one axis', [1, 3, 6], 2, [2], { strides: [2] }],
    ['three axes', [1, 2, 3, 3, 3], 2, [2, 2, 2], {}],
    ['more padding than the kernel reaches', [1, 3, 6, 6], 2, [2, 2], { pads: [2, 2, 2, 2] }],
  ])('leaves alone %s', (_, shape, to, kernel, given) => {
    const before = netOf((b, x) => [transposed(b, x, [shape[1] as number, to], kernel, given)], shape);
    expect(expandConvTranspose(before)).toBe(before);
  });

  it.each<[string, BuildNet]>([
    ['weights', (b, x) => [b.op('ConvTranspose', [x, b.input('w', 'float32', [3, 2, 2, 2])], { strides: [2, 2] })]],
    ['a bias', (b, x) => [b.op('ConvTranspose', [x, b.weight([3, 2, 2, 2]), b.input('b', 'float32', [2])], { strides: [2, 2] })]],
  ])('leaves alone one that is fed %s', (_, build) => {
    const before = netOf(build, [1, 3, 4, 4]);
    expect(expandConvTranspose(before)).toBe(before);
  });
});

describe('a ConvTranspose with what follows it', () => {
  const shape = [2, 4, 5, 6];
  const up = (b: NetBuilder, x: string): string => transposed(b, x, [4, 3], [4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] });
  const same = (b: NetBuilder): string => b.weight([2, 3, 10, 12]);

  const boundOf = async (build: BuildNet): Promise<Graph> => {
    await loadPasses(['ConvTranspose']);
    const before = netOf(build, shape);
    const after = bind(optimize(before), new Map([['x', shape]]));
    expectSameResults(after, before, randomFeeds(new Map([['x', shape]])), tolerances.reduction);
    return after;
  };

  it.each<[string, BuildNet, string[]]>([
    ['an activation', (b, x) => [b.op('Relu', [up(b, x)])], ['Conv', 'DepthToSpace']],
    [
      'slopes and a number',
      (b, x) => [b.op('Mul', [b.op('PRelu', [up(b, x), b.weight([3, 1, 1])]), b.values([], [2])])],
      ['Conv', 'DepthToSpace'],
    ],
    ['a residual', (b, x) => [b.op('Relu', [b.op('Add', [up(b, x), same(b)])])], ['Conv', 'DepthToSpace', 'Add']],
    [
      'an activation, a residual and slopes',
      (b, x) => [b.op('PRelu', [b.op('Add', [same(b), b.op('Relu', [up(b, x)])]), b.weight([3, 1, 1])])],
      ['Conv', 'DepthToSpace', 'Add', 'PRelu'],
    ],
    ['a BatchNormalization', (b, x) => [b.op('Tanh', [b.batchNormalization(up(b, x), 3)])], ['Conv', 'DepthToSpace']],
  ])('%s', async (_, build, ops) => {
    const { nodes } = await boundOf(build);
    expect(nodes.map(({ op }) => op).filter((op) => op !== 'Transpose')).toEqual(ops);
  });

  it.each<[string, BuildNet, string[]]>([
    ['the border of a net', (b, x) => [up(b, x)], ['Conv', 'DepthToSpace']],
    [
      'the middle of one',
      (b, x) => [b.conv(b.op('Relu', [up(b, b.conv(x, 4, 4, 3))]), 3, 8, 3)],
      ['Conv', 'Conv', 'DepthToSpace', 'Conv'],
    ],
  ])('takes no Transpose at %s', async (_, build, ops) => {
    const graph = await boundOf(build);
    const { commands } = buildPlan(graph, defaultFacts);
    expect(commands.map((c) => (c.kind === 'dispatch' ? c.op : c.kind))).toEqual(ops);
  });

  it('keeps a symbolic batch and size until they are bound', async () => {
    await loadPasses(['ConvTranspose']);
    const b = new NetBuilder();
    const x = b.input('x', 'float32', ['N', 4, 'H', 'W']);
    b.output(b.op('Relu', [up(b, x)]));
    const graph = optimize(inferShapes(b.build()));
    expect(graph.nodes.map(({ op }) => op)).toEqual(['ConvTranspose']);
    for (const sizes of [
      [1, 4, 3, 3],
      [3, 4, 5, 2],
    ]) {
      const bindings = new Map([['x', sizes]]);
      const bound = bind(graph, bindings);
      expect(bound.nodes.map(({ op }) => op)).toEqual(['Conv', 'DepthToSpace']);
      expectSameResults(bound, inferShapes(b.build()), randomFeeds(bindings), tolerances.reduction);
    }
  });
});
