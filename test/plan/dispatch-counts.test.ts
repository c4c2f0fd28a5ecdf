import { describe, expect, it } from 'vitest';
import { valueNamed } from '../../src/graph/graph.js';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Command } from '../../src/plan/plan.js';
import { NetBuilder } from '../support/graphs.js';

type Build = (b: NetBuilder, x: string) => string;

const facts: Readonly<Record<'cpu' | 'gpu', DeviceFacts>> = {
  cpu: { ...defaultFacts, kind: 'cpu', features: ['subgroups'] },
  gpu: defaultFacts,
};

/** Every command of the plan of a small net, changes of layout included. */
const commandsOf = (build: Build, inputShape: readonly number[], kind: 'cpu' | 'gpu'): readonly Command[] => {
  const b = new NetBuilder();
  b.output(build(b, b.input('x', 'float32', inputShape)));
  const graph = b.build();
  const shapes = new Map(graph.inputs.map((name) => [name, valueNamed(graph, name).shape as readonly number[]]));
  const bound = bind(optimize(graph), shapes);
  return buildPlan(bound, facts[kind]).commands;
};

const isPartOfWinograd = (command: Command): boolean =>
  command.kind === 'dispatch' && /^conv-winograd-.*(input|product.*)$/.test(command.kernel);

/** What a plan does, one after the other. On CPU adapters a convolution by Winograd's algorithm counts as its last launch. */
const opsOf = (...given: Parameters<typeof commandsOf>): string[] =>
  commandsOf(...given)
    .filter((command) => !isPartOfWinograd(command))
    .map((command) => (command.kind === 'dispatch' ? command.op : command.kind));

const scalar = (b: NetBuilder, v: number): string => b.values([], [v]);
const gelu: Build = (b, x) =>
  b.op('Mul', [
    b.op('Mul', [x, b.op('Add', [b.op('Erf', [b.op('Div', [x, scalar(b, Math.SQRT2)])]), scalar(b, 1)])]),
    scalar(b, 0.5),
  ]);

const probes: [string, number, (channels: number) => Build, number[]?][] = [
  ['Conv + Add (residual) + Relu', 1, (c) => (b, x) => b.op('Relu', [b.op('Add', [b.conv(x, c, c, 3), x])])],
  [
    'Conv + Add (another input) + Relu',
    1,
    (c) => (b, x) => b.op('Relu', [b.op('Add', [b.input('r', 'float32', [1, c, 6, 6]), b.conv(x, c, c, 1)])]),
  ],
  ['BatchNormalization + Relu + Conv', 2, (c) => (b, x) => b.conv(b.op('Relu', [b.batchNormalization(x, c)]), c, c, 3)],
  ['Conv + PRelu', 1, (c) => (b, x) => b.op('PRelu', [b.conv(x, c, c, 3), b.weight([c, 1, 1])])],
  ['Pad + Conv', 1, (c) => (b, x) => b.conv(b.op('Pad', [x, b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), c, c, 3)],
  [
    'Conv + constant Mul + Add',
    1,
    (c) => (b, x) => b.op('Add', [b.op('Mul', [b.conv(x, c, c, 3), b.weight([c, 1, 1])]), b.weight([c, 1, 1])]),
  ],
  [
    'Conv + SiLU',
    1,
    (c) => (b, x) => {
      const y = b.conv(x, c, c, 3);
      return b.op('Mul', [y, b.op('Sigmoid', [y])]);
    },
  ],
  ['Conv + Gelu', 1, (c) => (b, x) => gelu(b, b.conv(x, c, c, 3))],
  ['two of Conv + Relu', 2, (c) => (b, x) => b.op('Relu', [b.conv(b.op('Relu', [b.conv(x, c, c, 3)]), c, c, 3)])],
  [
    'a RepVGG block',
    1,
    (c) => (b, x) => {
      const three = b.batchNormalization(b.conv(x, c, c, 3), c);
      const one = b.batchNormalization(b.conv(x, c, c, 1), c);
      return b.op('Relu', [b.op('Add', [b.op('Add', [three, one]), b.batchNormalization(x, c)])]);
    },
  ],
  ['Conv 5x5', 1, (c) => (b, x) => b.conv(x, c, 2 * c, 5)],
  ['depthwise Conv + Clip', 1, (c) => (b, x) => b.op('Clip', [b.conv(x, c, c, 3, { group: c })], { min: 0, max: 6 })],
  ['depthwise Conv + Add (residual)', 1, (c) => (b, x) => b.op('Add', [b.conv(x, c, c, 5, { group: c }), x])],
  ['depthwise and pointwise Conv', 2, (c) => (b, x) => b.conv(b.op('Relu', [b.conv(x, c, c, 3, { group: c })]), c, 2 * c, 1)],
  ['Gemm + Relu', 1, () => (b, x) => b.op('Relu', [b.op('Gemm', [x, b.weight([8, 4]), b.weight([4])])]), [3, 8]],
  [
    'Mul - Add - Sqrt - Tanh',
    1,
    () => (b, x) => b.op('Tanh', [b.op('Sqrt', [b.op('Add', [b.op('Mul', [x, x]), scalar(b, 1)])])]),
  ],
  [
    'MatMul + bias + Gelu',
    1,
    () => (b, x) => gelu(b, b.op('Add', [b.op('MatMul', [x, b.weight([8, 4])]), b.weight([4])])),
    [2, 3, 8],
  ],
];

const kinds = ['cpu', 'gpu'] as const;

describe('dispatches', () => {
  it.each(probes)('%s: %i', (_, count, build, inputShape) => {
    for (const kind of kinds)
      for (const channels of inputShape ? [8] : [3, 5, 8, 16, 64])
        expect(opsOf(build(channels), inputShape ?? [1, channels, 6, 6], kind), `${channels} channels, ${kind}`).toHaveLength(
          count,
        );
  });

  it('of ResNet-18: one a convolution, with residual and Relu, a pool, a mean and a Gemm', () => {
    const build: Build = (b, x) => {
      let y = b.op('MaxPool', [b.op('Relu', [b.conv(x, 3, 64, 7, { strides: [2, 2] })])], {
        kernel_shape: [3, 3],
        strides: [2, 2],
        pads: [1, 1, 1, 1],
      });
      let channels = 64;
      for (const [width, stride] of [
        [64, 1],
        [64, 1],
        [128, 2],
        [128, 1],
        [256, 2],
        [256, 1],
        [512, 2],
        [512, 1],
      ] as const) {
        const first = b.op('Relu', [b.batchNormalization(b.conv(y, channels, width, 3, { strides: [stride, stride] }), width)]);
        const second = b.batchNormalization(b.conv(first, width, width, 3), width);
        const skip = stride === 1 ? y : b.batchNormalization(b.conv(y, channels, width, 1, { strides: [stride, stride] }), width);
        y = b.op('Relu', [b.op('Add', [second, skip])]);
        channels = width;
      }
      return b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [y])]), b.weight([512, 10]), b.weight([10])]);
    };
    for (const kind of kinds) {
      const ops = opsOf(build, [1, 3, 64, 64], kind);
      expect(ops.filter((op) => op === 'Conv')).toHaveLength(20);
      expect(ops.filter((op) => op !== 'Conv')).toEqual(['MaxPool', 'GlobalAveragePool', 'Gemm']);
    }
  });

  it('of a 3x3 convolution on a GPU: one', () => {
    const build: Build = (b, x) => b.conv(x, 64, 64, 3);
    expect(commandsOf(build, [1, 64, 56, 56], 'gpu')).toHaveLength(1);
  });
});
