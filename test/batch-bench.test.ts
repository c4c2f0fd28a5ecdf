import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { InferenceSession } from '#tilewise';
import { benchBatching } from '../bench/batching.js';

it('the benchmark of batches and of the queue counts every request', async () => {
  const session = await InferenceSession.create(readFileSync(new URL('../models/lenet5.onnx', import.meta.url)));
  const steps: string[] = [];
  const report = await benchBatching(session, {
    sizes: [1, 4],
    budgetMs: 100,
    rates: [0.5, 2],
    report: (step) => steps.push(step),
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(report.batches.map(({ batch }) => batch)).toEqual([1, 4]);
  for (const { ms, imagesPerSecond } of report.batches) expect(ms.median > 0 && imagesPerSecond > 0).toBe(true);
  expect(report.load[1]?.offeredPerSecond).toBeCloseTo(4 * (report.load[0]?.offeredPerSecond ?? 0), 5);
  for (const { requests, rejected, batches, latencyMs } of report.load) {
    const run = Object.values(batches).reduce((a, b) => a + b, 0);
    expect(run).toBeLessThanOrEqual(requests - rejected);
    expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.p99);
  }
  expect(steps).toContain('making the plan for a batch of 4');
  await session.release();
});
