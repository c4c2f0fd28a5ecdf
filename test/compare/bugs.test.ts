import { describe, expect, it } from 'vitest';
import { compareGraph } from '../../src/compare.js';
import type { Graph } from '../../src/graph/graph.js';
import { bind, optimize } from '../../src/passes/index.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan, PlanPipeline } from '../../src/plan/plan.js';
import { testDevice } from '../support/device.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

const SHAPES = new Map([['x', [1, 8, 12, 12]]]);

/** One of each: convolutions, pools, products, normalisations, reductions, and what only moves data. */
const network = (): Graph => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [1, 8, 12, 12]);
  const wide = b.op('Relu', [b.conv(x, 8, 16, 3)]);
  const deep = b.conv(wide, 16, 16, 3, { group: 16 });
  const pooled = b.op('MaxPool', [b.conv(deep, 16, 12, 1)], { kernel_shape: [2, 2], strides: [2, 2] });
  const resized = b.op('Resize', [pooled, '', b.values([4], [1, 1, 2, 2])], { mode: 'linear' });
  const joined = b.op('Concat', [resized, b.op('Sigmoid', [resized])], { axis: 1 });
  const mean = b.op('ReduceMean', [joined, b.ints(3)], { keepdims: 0 });
  const turned = b.op('Transpose', [mean], { perm: [0, 2, 1] });
  const product = b.op('MatMul', [turned, b.weight([24, 10])]);
  const normal = b.op('LayerNormalization', [product, b.weight([10]), b.weight([10])]);
  b.output(b.op('Softmax', [b.op('Mul', [normal, b.op('Exp', [b.op('Neg', [product])])])]));
  return bind(optimize(b.build()), SHAPES);
};

/** Every store of a kernel's first output, wrong: what is stored is 1.25 times the value, plus something. */
const storesOf = ({ bindings, code }: PlanPipeline): string => {
  const output = bindings.find(({ type }) => type === 'read_write')?.name;
  const declared = new RegExp(`> ${output} ?: ?array<(\\w+)`).exec(code)?.[1] as string;
  const type = new RegExp(`^alias ${declared} = (\\w+);`, 'm').exec(code)?.[1] ?? declared;
  const store = new RegExp(`([\\s{;])${output}\\[([^;=]+)\\] = ([^;\\n]+);`, 'g');
  expect(code).toMatch(store);
  return code.replace(store, (_, before, at, value) => {
    const wrong = /u32|vec4u/.test(type) ? `(${value}) + 4194304u` : `(${value}) * 1.25 + 0.5`;
    return `${before}${output}[${at}] = ${wrong};`;
  });
};

const plant =
  (kernel: string) =>
  (plan: Plan): Plan => ({
    ...plan,
    pipelines: plan.pipelines.map((pipeline) =>
      pipeline.kernel === kernel ? { ...pipeline, code: storesOf(pipeline) } : pipeline,
    ),
  });

describe('a bug planted in a kernel', () => {
  it('is found at the first node that runs it, whatever the kernel is', async () => {
    const device = await testDevice();
    const graph = network();
    const { commands } = buildPlan(graph, device.facts);
    const kernels = [...new Set(commands.flatMap((command) => (command.kind === 'dispatch' ? [command.kernel] : [])))];
    expect(kernels.length).toBeGreaterThanOrEqual(8);
    const found: Record<string, string | undefined> = {};
    const planted: Record<string, string | undefined> = {};
    for (const kernel of kernels) {
      const { first } = await compareGraph(graph, randomFeeds(SHAPES), device, { alter: plant(kernel) });
      found[kernel] = first?.node;
      planted[kernel] = commands.find((command) => command.kind === 'dispatch' && command.kernel === kernel)?.node;
    }
    expect(found).toEqual(planted);
    expect((await compareGraph(graph, randomFeeds(SHAPES), device)).first).toBeUndefined();
  });
});
