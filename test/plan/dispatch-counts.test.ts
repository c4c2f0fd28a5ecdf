import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import { NetBuilder } from '../support/graphs.js';

type Build = (b: NetBuilder, x: string) => string;
const shape = [1, 8, 6, 6];

/** Kernels of the plan of a small net, without the change of layout at its borders. */
const kernels = (build: Build, inputShape: readonly number[] = shape): { ops: string[]; moves: number } => {
  const b = new NetBuilder();
  b.output(build(b, b.input('x', 'float32', inputShape)));
  const graph = bind(optimize(b.build()), new Map([['x', inputShape]]));
  const { commands } = buildPlan(graph, defaultFacts);
  const ops = commands.flatMap((command) => (command.kind === 'dispatch' ? [command.op] : [command.kind]));
  return { ops: ops.filter((op) => op !== 'Transpose'), moves: ops.filter((op) => op === 'Transpose').length };
};

const scalar = (b: NetBuilder, v: number): string => b.values([], [v]);
const gelu: Build = (b, x) =>
  b.op('Mul', [
    b.op('Mul', [x, b.op('Add', [b.op('Erf', [b.op('Div', [x, scalar(b, Math.SQRT2)])]), scalar(b, 1)])]),
    scalar(b, 0.5),
  ]);

const probes: [string, number, Build, number[]?][] = [
  ['Conv + Add (residual) + Relu', 1, (b, x) => b.op('Relu', [b.op('Add', [b.conv(x, 8, 8, 3), x])])],
  ['Gemm + Relu', 1, (b, x) => b.op('Relu', [b.op('Gemm', [x, b.weight([8, 4]), b.weight([4])])]), [3, 8]],
  ['Mul - Add - Sqrt - Tanh', 1, (b, x) => b.op('Tanh', [b.op('Sqrt', [b.op('Add', [b.op('Mul', [x, x]), scalar(b, 1)])])])],
  ['BatchNormalization + Relu + Conv', 2, (b, x) => b.conv(b.op('Relu', [b.batchNormalization(x, 8)]), 8, 8, 3)],
  ['Conv + PRelu', 1, (b, x) => b.op('PRelu', [b.conv(x, 8, 8, 3), b.weight([8, 1, 1])])],
  ['MatMul + bias + Gelu', 1, (b, x) => gelu(b, b.op('Add', [b.op('MatMul', [x, b.weight([8, 4])]), b.weight([4])])), [2, 3, 8]],
  ['Pad + Conv', 1, (b, x) => b.conv(b.op('Pad', [x, b.ints(0, 0, 1, 1, 0, 0, 1, 1)]), 8, 8, 3)],
  [
    'Conv + constant Mul + Add',
    1,
    (b, x) => b.op('Add', [b.op('Mul', [b.conv(x, 8, 8, 3), b.weight([8, 1, 1])]), b.weight([8, 1, 1])]),
  ],
  [
    'Conv + SiLU',
    1,
    (b, x) => {
      const y = b.conv(x, 8, 8, 3);
      return b.op('Mul', [y, b.op('Sigmoid', [y])]);
    },
  ],
  ['Conv + Gelu', 1, (b, x) => gelu(b, b.conv(x, 8, 8, 3))],
  ['two of Conv + Relu', 2, (b, x) => b.op('Relu', [b.conv(b.op('Relu', [b.conv(x, 8, 8, 3)]), 8, 8, 3)])],
  [
    'a RepVGG block',
    1,
    (b, x) => {
      const three = b.batchNormalization(b.conv(x, 8, 8, 3), 8);
      const one = b.batchNormalization(b.conv(x, 8, 8, 1), 8);
      return b.op('Relu', [b.op('Add', [b.op('Add', [three, one]), b.batchNormalization(x, 8)])]);
    },
  ],
];

describe('dispatches', () => {
  it.each(probes)('%s: %i', (_, count, build, inputShape) => {
    expect(kernels(build, inputShape).ops).toHaveLength(count);
  });

  it('of ResNet-18: one a convolution, with residual and Relu, a pool, a mean and a Gemm', () => {
    const { ops, moves } = kernels(
      (b, x) => {
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
          const skip =
            stride === 1 ? y : b.batchNormalization(b.conv(y, channels, width, 1, { strides: [stride, stride] }), width);
          y = b.op('Relu', [b.op('Add', [second, skip])]);
          channels = width;
        }
        return b.op('Gemm', [b.op('Flatten', [b.op('GlobalAveragePool', [y])]), b.weight([512, 10]), b.weight([10])]);
      },
      [1, 3, 64, 64],
    );
    expect(ops).toEqual([...ops].filter((op) => ['Conv', 'MaxPool', 'GlobalAveragePool', 'Gemm'].includes(op)));
    expect(ops.filter((op) => op === 'Conv')).toHaveLength(20);
    expect(ops).toHaveLength(23);
    expect(moves).toBeLessThanOrEqual(1);
  });
});
