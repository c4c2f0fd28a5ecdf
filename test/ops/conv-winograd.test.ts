import { describe, expect, it } from 'vitest';
import type { EpilogueStep } from '../../src/graph/graph.js';
import { convGeometry } from '../../src/kernels/conv-geometry.js';
import { winograd } from '../../src/kernels/conv-winograd.js';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import type { KernelRequest, Lowering } from '../../src/kernels/kernel.js';
import type { ConvAttributes } from '../../src/ops/conv.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { defaultBudgets } from '../../src/tensor/budgets.js';
import { winogradNorms, winogradTolerance } from '../../src/tensor/compare.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, checkOp, type OpCase } from '../support/check-op.js';
import { type ConvOptions, type ConvShape, convCase } from '../support/conv-case.js';
import { testDevice } from '../support/device.js';

type Tile = 2 | 4;
const tileSizes = [2, 4] as const;
const kinds = ['cpu', 'gpu'] as const;
/** Adapters, and whether they are given the kernels for much work. */
const adapters = [
  { kind: 'cpu', isMuch: true },
  { kind: 'cpu', isMuch: false },
  { kind: 'gpu', isMuch: true },
] as const;
type Adapter = (typeof adapters)[number];
const [cpu, , gpu] = adapters;

/** Images around tiles of two and four, channels around quads and blocks of 16 and 32, paddings of all kinds. */
const shapes: ConvShape[] = [
  { x: [1, 1, 1, 1], w: [1, 1, 3, 3], pads: [1, 1, 1, 1] },
  { x: [2, 5, 7, 6], w: [3, 5, 3, 3], pads: [1, 1, 1, 1] },
  { x: [1, 4, 4, 4], w: [4, 4, 3, 3] },
  { x: [1, 8, 9, 13], w: [33, 8, 3, 3], pads: [2, 0, 1, 3] },
  { x: [3, 16, 5, 17], w: [16, 16, 3, 3], auto_pad: 'SAME_UPPER' },
  { x: [1, 31, 8, 8], w: [36, 31, 3, 3], auto_pad: 'SAME_LOWER' },
  { x: [1, 33, 3, 31], w: [5, 33, 3, 3], pads: [1, 1, 1, 1] },
  { x: [2, 3, 2, 2], w: [7, 3, 3, 3], pads: [4, 4, 4, 4] },
  { x: [1, 12, 34, 33], w: [64, 12, 3, 3], pads: [0, 1, 1, 1] },
];

/** More tiles than are transformed at a time. */
const manyTiles: Readonly<Record<Tile, ConvShape>> = {
  2: { x: [3, 4, 141, 129], w: [4, 4, 3, 3], pads: [1, 1, 1, 1] },
  4: { x: [3, 4, 203, 208], w: [4, 4, 3, 3], pads: [1, 1, 1, 1] },
};

const orders: readonly Partial<ConvOptions>[] = [
  { channelsLast: true, bias: true, epilogue: [{ op: 'Relu', attributes: {} }] },
  { channelsLast: true, bias: false },
  { channelsLast: false, bias: true },
];

interface WinogradCase extends OpCase {
  readonly tile: Tile;
  readonly isMuch: boolean;
}

const winogradCase = (shape: ConvShape, tile: Tile, { kind, isMuch }: Adapter, options: Partial<ConvOptions>): WinogradCase => {
  const opCase = convCase(shape, { bias: true, kind, ...options });
  const tolerance = winogradTolerance(tile, shape.w[1] as number, 2, 2);
  return { ...opCase, name: `F(${tile}x${tile}) ${isMuch ? 'of much work ' : ''}${opCase.name}`, tile, isMuch, tolerance };
};

const cases = tileSizes.flatMap((tile) =>
  adapters.flatMap((adapter) => shapes.flatMap((shape) => orders.map((options) => winogradCase(shape, tile, adapter, options)))),
);

const lowered =
  ({ tile, isMuch }: WinogradCase): Lowering =>
  (request) => {
    const geometry = convGeometry(request as KernelRequest<ConvAttributes>);
    return winograd(request, geometry, request.inputs[1]?.tensor as Tensor, tile, isMuch);
  };

/** Checks the case on the kernels of a tile, whatever the rule would choose; `alter` makes them wrong. */
const check = async (opCase: WinogradCase, alter: (plan: Plan) => Plan = (plan) => plan): Promise<void> => {
  const { facts } = await testDevice();
  const { graph } = caseGraph(opCase);
  const plan = buildPlan(graph, { ...facts, ...opCase.facts }, defaultBudgets, () => lowered(opCase));
  await checkOp(opCase, () => alter(plan));
};

const step = (op: string, operand?: number): EpilogueStep => ({ op, attributes: {}, ...(operand !== undefined && { operand }) });

/** A residual and slopes per channel. */
const withOperands = (tile: Tile, { kind, isMuch }: Adapter, outputs: number, yLast: boolean): WinogradCase => ({
  name: `F(${tile}x${tile}) ${isMuch ? 'of much work ' : ''}of ${outputs} outputs ${yLast ? '' : 'written channels-first '}on a ${kind}`,
  op: 'Conv',
  tile,
  isMuch,
  facts: { kind },
  inputs: [
    { shape: [2, 7, 9, 8] },
    { shape: [outputs, 8, 3, 3], constant: true },
    { shape: [outputs], constant: true },
    { shape: yLast ? [2, 7, 9, outputs] : [2, outputs, 7, 9] },
    { shape: yLast ? [1, 1, 1, outputs] : [outputs, 1, 1], range: [-1, 1], constant: true },
  ],
  attributes: {
    pads: [1, 1, 1, 1],
    channelsLast: true,
    writesChannelsFirst: !yLast,
    epilogue: [step('Add', 3), step('PRelu', 4)],
  } as unknown as OpCase['attributes'] & object,
  tolerance: winogradTolerance(tile, 8, 2, 2),
});

const operandCases = tileSizes.flatMap((tile) =>
  adapters.flatMap((adapter) =>
    [8, 6].flatMap((outputs) => [true, false].map((yLast) => withOperands(tile, adapter, outputs, yLast))),
  ),
);

describe('Winograd convolution', () => {
  it.each([...cases, ...operandCases])('$name', (opCase) => check(opCase));

  it.each(tileSizes.flatMap((tile) => [cpu, gpu].map((on) => winogradCase(manyTiles[tile], tile, on, { channelsLast: true }))))(
    'in several rounds: $name',
    async (opCase) => {
      const rounds = (plan: Plan): Plan => {
        expect(plan.commands.length).toBeGreaterThan(opCase.facts?.kind === 'cpu' ? 5 : 2);
        expect(plan.commands.length % 3).toBe(0);
        return plan;
      };
      await check(opCase, rounds);
    },
  );

  it.each<[kernel: string, kind: DeviceFacts['kind'], tile: Tile, right: string, wrong: string]>([
    ['input', 'cpu', 4, 'even - odd', 'even + odd'],
    ['input', 'gpu', 4, 'w < params.in_w', 'w <= params.in_w'],
    ['input', 'cpu', 2, 'h < params.in_h', 'h <= params.in_h'],
    ['input', 'gpu', 2, 'r.c - r.b', 'r.b - r.c'],
    ['output', 'cpu', 4, 'column < params.out_w', 'column <= params.out_w'],
    ['output', 'gpu', 4, '2.0 * far', '2.01 * far'],
    ['output', 'cpu', 2, 'h < params.out_h', 'h + 1u < params.out_h'],
    ['output', 'gpu', 2, 'b - c - d', 'b - c + d'],
    ['product', 'cpu', 4, 'quadBroadcast(v0, 1u)', 'quadBroadcast(v0, 2u)'],
    ['narrow product', 'cpu', 2, 'quadBroadcast(v5, 2u)', 'quadBroadcast(v5, 1u)'],
    ['narrow product', 'cpu', 4, 'at7 + k', 'at6 + k'],
    ['wide product', 'cpu', 2, 'd15 += x15', 'd15 += x14'],
    ['wide product', 'cpu', 4, 'quad < params.outputs', 'quad + 4u < params.outputs'],
  ])('a wrong %s for a %s, tile %i, is rejected: %s', async (kernel, kind, tile, right, wrong) => {
    const shape = shapes.at(kernel === 'product' ? 5 : kernel === 'narrow product' ? 4 : -1) as ConvShape;
    const opCase = winogradCase(shape, tile, kind === 'cpu' ? cpu : gpu, { channelsLast: true });
    const broken = (plan: Plan): Plan => {
      const pipelines = plan.pipelines.map((pipeline) => ({ ...pipeline, code: pipeline.code.replace(right, wrong) }));
      expect(pipelines).not.toEqual(plan.pipelines);
      return { ...plan, pipelines };
    };
    await expect(check(opCase, broken)).rejects.toThrow(/differ|wrote outside/);
  });

  it('takes float16', () => {
    const opCase = winogradCase({ x: [1, 5, 6, 6], w: [8, 5, 3, 3] }, 4, cpu, { channelsLast: true });
    const inputs = opCase.inputs.map((spec) => spec && { ...spec, dtype: 'float16' as const });
    return check({ ...opCase, inputs, tolerance: { atol: 2e-2, rtol: 2e-3 } });
  });
});

/** F(2x2, 3x3) and F(4x4, 3x3): transposes of the input's and output's transforms, and that of the weights. */
const r = Math.SQRT1_2;
const matrices: Readonly<Record<Tile, { readonly a: number[][]; readonly b: number[][]; readonly g: number[][] }>> = {
  2: {
    a: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
    b: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
    g: [
      [1, 0, 0],
      [0.5, 0.5, 0.5],
      [0.5, -0.5, 0.5],
      [0, 0, 1],
    ],
  },
  4: {
    a: [
      [1, 1, 1, 1, 1, 0],
      [0, r, -r, 2 * r, -2 * r, 0],
      [0, 0.5, 0.5, 2, 2, 0],
      [0, r / 2, -r / 2, 4 * r, -4 * r, 1],
    ],
    b: [
      [1, 0, -2.5, 0, 1, 0],
      [0, -2 * r, -2, r, 1, 0],
      [0, 2 * r, -2, -r, 1, 0],
      [0, -r, -0.5, 2 * r, 1, 0],
      [0, r, -0.5, -2 * r, 1, 0],
      [0, 1, 0, -2.5, 0, 1],
    ],
    g: [
      [1, 0, 0],
      [-2 / 3, (-2 * r) / 3, -1 / 3],
      [-2 / 3, (2 * r) / 3, -1 / 3],
      [1 / 6, r / 3, 1 / 3],
      [1 / 6, -r / 3, 1 / 3],
      [0, 0, 1],
    ],
  },
};

describe('the tolerance of Winograd convolutions', () => {
  it.each(tileSizes)('has the norms of the transforms of tiles of %i', (tile) => {
    const { a, b, g } = matrices[tile];
    const norm = (row: number[]): number => Math.hypot(...row);
    const gains = a.map((row) => norm(row.map((v, j) => v * norm(b[j] as number[]) * norm(g[j] as number[]))));
    expect(Math.max(...gains) ** 2).toBeCloseTo(winogradNorms[tile], 1);
  });

  it('still sees a wrong product', () => {
    expect(winogradTolerance(4, 64).atol).toBeLessThan(1e-3);
    expect(winogradTolerance(2, 64).atol).toBeLessThan(winogradTolerance(4, 64).atol);
  });
});

const kernelsOf = (x: number[], outputs: number, kind: DeviceFacts['kind'], options: object = {}): string[] => {
  const shape = { x, w: [outputs, x[1] as number, 3, 3], pads: [1, 1, 1, 1], ...options };
  const { graph } = caseGraph(convCase(shape, { bias: true, channelsLast: true, ...options }));
  return buildPlan(graph, { ...defaultFacts, kind, features: ['subgroups'] }).pipelines.map(({ kernel }) => kernel);
};

describe('the rule for Winograd convolutions', () => {
  it.each<[x: number[], outputs: number, product: string]>([
    [[1, 64, 56, 56], 64, 'product-wide'],
    [[1, 128, 28, 28], 128, 'product-wide'],
    [[1, 256, 14, 14], 256, 'product-wide'],
    [[16, 32, 32, 32], 32, 'product'],
    [[16, 64, 14, 14], 64, 'product-wide'],
    [[1, 32, 16, 16], 32, 'product'],
    [[1, 64, 32, 32], 64, 'product'],
    [[1, 16, 32, 32], 16, 'product-narrow'],
  ])('takes tiles of 4x4 on a CPU adapter for [%s] to %i', (x, outputs, product) => {
    const kernels = ['4x4-input', product, '4x4-output'].map((part) => `conv-winograd-${part}`);
    expect(kernelsOf(x, outputs, 'cpu')).toEqual(kernels);
  });

  it('takes tiles of 2x2 on a CPU adapter for small images', () => {
    expect(kernelsOf([1, 512, 7, 7], 512, 'cpu')[0]).toBe('conv-winograd-2x2-input');
  });

  it('leaves small convolutions, and those of GPUs, in one launch', () => {
    expect(kernelsOf([1, 32, 12, 12], 32, 'cpu')).toHaveLength(1);
    expect(kernelsOf([1, 64, 56, 56], 64, 'gpu')).toEqual(['conv-tiled']);
  });

  it.each<[string, number[], number, object?]>([
    ['few inputs', [8, 12, 64, 64], 64],
    ['few outputs', [8, 64, 64, 64], 12],
    ['a single tile', [1, 1024, 4, 4], 16],
    ['strides', [1, 64, 112, 112], 64, { strides: [2, 2] }],
    ['dilations', [1, 64, 56, 56], 64, { dilations: [1, 2] }],
    ['weights that are fed', [1, 64, 56, 56], 64, { constant: false }],
  ])('leaves the others alone: %s', (_, x, outputs, options) => {
    for (const kind of kinds) expect(kernelsOf(x, outputs, kind, options).join()).not.toContain('winograd');
  });
});
