import { expect, it } from 'vitest';
import { benchCases, selectCases } from '../../bench/cases.js';
import { COMMIT } from '../../bench/commit.js';
import { kernelCase, shipped, type Variant } from '../../bench/kernel-case.js';
import { productProblem } from '../../bench/kernels/matmul.bench.js';
import { observe } from '../../bench/observe.js';
import { overheadCases, twentyKernels } from '../../bench/overhead.bench.js';
import type { BenchReport } from '../../bench/results.js';
import { rates } from '../../bench/results.js';
import { type BenchEvent, runBenchmarks } from '../../bench/run.js';
import { ladder } from '../../src/kernels/ladder.js';
import { buildPlan } from '../../src/plan/build.js';
import { InferenceSession } from '../../src/session.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from '../support/device.js';

const TINY = { budgetSeconds: 0.001, roofs: false } as const;

const stepVariant = (name: string): Variant => ({
  name,
  plan: ({ graph }, facts) => buildPlan(graph, facts, undefined, () => ladder.find((step) => step.name === name)!.lower),
});

/** Adds up one term of each sum less. */
const broken: Variant = {
  name: 'broken',
  plan: (problem, facts) => {
    const plan = stepVariant('naive').plan(problem, facts);
    const pipelines = plan.pipelines.map((p) => ({ ...p, code: p.code.replace('k < params.k', 'k + 1 < params.k') }));
    return { ...plan, pipelines };
  },
};

const product = (variants: readonly Variant[]) =>
  kernelCase({
    name: 'matmul/9x17x5',
    group: 'kernels',
    title: 'a small product',
    problem: () => productProblem(9, 17, 5),
    variants,
  });

/** The same tests of the core in Node and in Chromium. */
export const benchCore = (): void => {
  it('checks and times the variants of a case', async () => {
    const device = await testDevice();
    const events: BenchEvent[] = [];
    const options = { ...TINY, machine: 'here', versions: { runtime: 'test' } };
    const report = await runBenchmarks(device, [product([stepVariant('naive'), shipped])], options, (event) =>
      events.push(event),
    );
    expect(report.failures).toEqual([]);
    expect(report.results.map(({ name, flops }) => [name, flops])).toEqual([
      ['matmul/9x17x5/naive', 2 * 9 * 17 * 5],
      ['matmul/9x17x5/shipped', 2 * 9 * 17 * 5],
    ]);
    for (const { ms, agreement, gflops, roofPercent, kernels, dispatches, longestSubmitMs } of report.results) {
      expect(longestSubmitMs).toBeGreaterThan(0);
      expect(ms.samples).toBeGreaterThanOrEqual(3);
      expect(ms.min).toBeLessThanOrEqual(ms.median);
      expect(ms.median).toBeLessThanOrEqual(ms.p95);
      expect(agreement).toMatchObject({ equal: true, elements: 4 * 5, against: 'reference' });
      expect(gflops).toBeCloseTo((2 * 9 * 17 * 5) / ms.median / 1e6, 9);
      expect(roofPercent).toBeNull();
      expect(dispatches).toBeGreaterThanOrEqual(kernels.length);
    }
    expect(report).toMatchObject({ schema: 1, machine: 'here', roofs: null, features: device.facts.features, commit: COMMIT });
    expect(report.adapter.description).toBe(device.facts.description);
    expect(report.versions).toMatchObject({ runtime: 'test' });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['case', 'step', 'result']));
  });

  it('does not time what is wrong, and goes on', async () => {
    const device = await testDevice();
    const throwing: Variant = {
      name: 'throwing',
      plan: () => {
        throw new Error('no plan');
      },
    };
    const report = await runBenchmarks(device, [product([broken, throwing, stepVariant('naive')])], TINY);
    expect(report.results.map(({ variant }) => variant)).toEqual(['naive']);
    expect(report.failures).toEqual([
      { name: 'matmul/9x17x5/broken', error: expect.stringContaining('the result is wrong') },
      { name: 'matmul/9x17x5/throwing', error: 'no plan' },
    ]);
  });

  it('runs fusion, a batch and what the host costs', async () => {
    const device = await testDevice();
    const all = benchCases({ facts: device.facts, quick: true });
    const cases = selectCases(all, 'elementwise-chain,small-cnn/batch-1');
    const report: BenchReport = await runBenchmarks(device, [...cases, overheadCases({ quick: true })[0]!], TINY);
    expect(report.failures).toEqual([]);
    const [fused, unfused, model, host] = report.results;
    expect([fused?.dispatches, unfused?.dispatches]).toEqual([1, 5]);
    expect(model).toMatchObject({ batch: 1, agreement: { equal: true, against: 'reference' } });
    expect(model?.imagesPerSecond).toBeCloseTo(1000 / model!.ms.median, 6);
    expect(model?.hostMs?.samples).toBe(model?.ms.samples);
    expect(model?.loadMs).toBeGreaterThan(0);
    expect(model?.firstRunMs).toBeGreaterThan(0);
    expect(model?.longestSubmitMs).toBeGreaterThan(0);
    expect(host).toMatchObject({ dispatches: 200, host: { submits: 1, bindGroups: 0 } });
    expect(host!.host!.encodeMicroseconds).toBeLessThan(host!.host!.dispatchMicroseconds);
  });

  it('submits once a run of a model, and makes no bind group', async () => {
    const { gpu } = await testDevice();
    const session = await InferenceSession.create(twentyKernels(), { device: gpu });
    const image = new Tensor('float32', new Float32Array(3 * 32 * 32).fill(0.5), [1, 3, 32, 32]);
    const seen = observe(gpu);
    try {
      await session.run({ image });
      expect(seen).toMatchObject({ submits: 1, bindGroups: 0 });
    } finally {
      seen.stop();
      await session.release();
    }
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const events: BenchEvent[] = [];
    const running = runBenchmarks(
      await testDevice(),
      [product([shipped]), product([shipped])],
      { ...TINY, signal: stop.signal },
      (event) => {
        events.push(event);
        if (event.kind === 'result') stop.abort();
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    expect(events.filter(({ kind }) => kind === 'result')).toHaveLength(1);
  });

  it('holds rates against the lower roof', () => {
    const roofs = { aluGflops: 100, memoryGBs: 10, launchMicroseconds: 1 };
    // 1 GFLOP in 20 ms: 50 GFLOP/s of 100.
    expect(rates(1e9, 1e6, 20, roofs)).toEqual({ gflops: 50, gbs: 0.05, roofPercent: 50 });
    // 0.1 FLOP a byte: the memory roof allows 1 GFLOP/s.
    expect(rates(1e6, 1e7, 4, roofs)).toEqual({ gflops: 0.25, gbs: 2.5, roofPercent: 25 });
    expect(rates(0, 1e7, 2, roofs).roofPercent).toBe(50);
    expect(rates(1, 1, 1, null).roofPercent).toBeNull();
  });
};
