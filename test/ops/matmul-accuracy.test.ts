import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { Executable } from '../../src/device/executable.js';
import type { DeviceFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/plan/plan.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, type OpCase } from '../support/check-op.js';
import { testDevice } from '../support/device.js';

const product = ([m, k, n]: readonly [number, number, number], kind: DeviceFacts['kind']): OpCase => ({
  name: `[${m}, ${k}] x [${k}, ${n}] ${kind}`,
  op: 'MatMul',
  inputs: [{ shape: [m, k] }, { shape: [k, n] }],
  facts: { kind },
  tolerance: { atol: 0, rtol: 0 },
});

/** One for every kernel: tiled, split, of quads, wide, of few rows, and the plain one. */
const sizes = [
  [65, 127, 68],
  [8, 1024, 33],
  [257, 256, 256],
  [4, 640, 36],
  [1, 640, 36],
  [3, 7, 2],
] as const;
const cases = sizes.flatMap((size) => (['cpu', 'gpu'] as const).map((kind) => product(size, kind)));

/** The largest error of a product on the device, as a part of 2 k 2^-24 |a| |b|. */
const largestError = async (opCase: OpCase, alter: (plan: Plan) => Plan = (plan) => plan): Promise<number> => {
  const { graph, feeds } = caseGraph(opCase);
  const device = await testDevice();
  const executable = await Executable.load(alter(buildPlan(graph, { ...device.facts, ...opCase.facts })), device);
  const results = await executable.run(feeds, graph.outputs);
  executable.dispose();
  const magnitudes = new Map(
    [...feeds].map(([name, { data, dims }]) => [
      name,
      new Tensor('float32', Float32Array.from(data as Float32Array, Math.abs), dims),
    ]),
  );
  const [y] = graph.outputs as readonly [string];
  const numbers = (tensors: ReadonlyMap<string, Tensor>): Float32Array => tensors.get(y)?.data as Float32Array;
  const [got, want, sums] = [numbers(results), numbers(runGraph(graph, feeds)), numbers(runGraph(graph, magnitudes))];
  const k = opCase.inputs[0]?.shape.at(-1) as number;
  const errors = Array.from(got, (v, i) => Math.abs(v - (want[i] as number)) / (2 * k * 2 ** -24 * (sums[i] as number)));
  return errors.reduce((a, b) => (Number.isNaN(b) ? Number.POSITIVE_INFINITY : Math.max(a, b)), 0);
};

describe('a product errs by at most 2 k 2^-24 |a| |b|', () => {
  it.each(cases)('$name', async (opCase) => {
    expect(await largestError(opCase)).toBeLessThan(1);
  });

  it('which a product that leaves out one term in a thousand exceeds', async () => {
    const shorter = (plan: Plan): Plan => {
      const pipelines = plan.pipelines.map((p) => ({ ...p, code: p.code.replace('k < params.k4', 'k + 1 < params.k4') }));
      expect(pipelines).not.toEqual(plan.pipelines);
      return { ...plan, pipelines };
    };
    expect(await largestError(product([9, 4000, 36], 'cpu'), shorter)).toBeGreaterThan(1);
  });
});
