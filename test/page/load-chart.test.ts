import { readFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { batchShares, loadCurves } from '../../bench/page/load-data.js';
import type { BenchLoad, BenchReport } from '../../bench/results.js';
import { fitsScreen, type PageOptions, phone, servePages } from './support.js';

const pages = servePages();

const load = (offeredPerSecond: number, more: Partial<BenchLoad> = {}): BenchLoad => ({
  case: 'net/queue',
  offeredPerSecond,
  answeredPerSecond: offeredPerSecond,
  requests: 10,
  rejected: 0,
  latencyMs: { p50: offeredPerSecond, p95: 2 * offeredPerSecond, p99: 3 * offeredPerSecond },
  batches: { 1: 10 },
  ...more,
});

describe('the load of a queue', () => {
  it('has a curve for each percentile, by the rate', () => {
    expect(loadCurves([load(20), load(10)])).toEqual({
      x: [10, 20],
      series: [
        { label: 'p50', y: [10, 20] },
        { label: 'p95', y: [20, 40] },
        { label: 'p99', y: [30, 60] },
      ],
    });
  });

  it('tells which part of the samples ran in batches of which size', () => {
    const shares = batchShares({ 1: 4, 3: 2, 4: 1, 32: 1, 24: 1 });
    expect(shares.map(({ upTo, count }) => [upTo, count])).toEqual([
      [1, 4],
      [2, 0],
      [4, 3],
      [8, 0],
      [16, 0],
      [32, 2],
    ]);
    expect(shares.map(({ share }) => share)).toEqual([4 / 70, 0, 10 / 70, 0, 0, 56 / 70]);
    expect(batchShares({}).every(({ share }) => share === 0)).toBe(true);
  });
});

/** The page after a run of the queue. */
const run = async (options: PageOptions = {}): Promise<Page> => {
  const page = await pages.open('index.html#cases=small-cnn%2Fqueue,small-cnn%2Fbatch-1,small-cnn%2Fbatch-8&budget=0.2', options);
  const status = (pattern: RegExp): Promise<void> =>
    expect.poll(() => page.textContent('#status'), { timeout: 90_000 }).toMatch(pattern);
  await status(/^Ready\.$/);
  expect(await page.textContent('#loads tbody')).toBe('No queue was run yet.');
  const places = (): Promise<string> =>
    page.evaluate(() => {
      const tops = ['#chart-load', '#loads', '#results'].map((id) => document.querySelector(id)?.getBoundingClientRect().top);
      return JSON.stringify(tops.map((top) => (top ?? 0) + scrollY));
    });
  const before = await places();
  await page.click('#start');
  await status(/^Done: 2 results, in/);
  expect(await places()).toBe(before);
  return page;
};

const cells = (page: Page, column: number): Promise<string[]> =>
  page.locator(`#loads tbody td:nth-child(${column})`).allTextContents();

describe('a run of the queue', () => {
  it('fills the chart, the table and the JSON', async () => {
    const page = await run();
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download-json')]);
    const { loads = [], failures } = JSON.parse(readFileSync(await file.path(), 'utf8')) as BenchReport;
    expect(failures).toEqual([]);
    expect(loads.map(({ case: name }) => name)).toEqual(new Array(4).fill('small-cnn/queue'));
    expect((await cells(page, 1)).map(Number)).toHaveLength(4);
    for (const [i, { offeredPerSecond, latencyMs, batches, requests, rejected }] of loads.entries()) {
      expect(Math.abs(Number((await cells(page, 1))[i]) / offeredPerSecond - 1)).toBeLessThan(0.01);
      expect(Math.abs(Number((await cells(page, 6))[i]) / latencyMs.p99 - 1)).toBeLessThan(0.01);
      expect(latencyMs.p50).toBeLessThanOrEqual(latencyMs.p99);
      expect(requests).toBeGreaterThan(rejected);
      expect(Object.values(batches).reduce((a, b) => a + b)).toBeGreaterThan(0);
    }
    expect(await page.locator('#loads svg').first().getAttribute('aria-label')).toMatch(/^\d+ % in batches of 1, /);
    expect(await page.locator('#legend-load li').allTextContents()).toEqual(['p50', 'p95', 'p99']);
    await expect.poll(() => page.locator('#chart-load canvas').count()).toBe(1);
    await pages.screenshot(page, 'bench-queue-light');
  });

  it('is readable on a phone in the dark', async () => {
    const page = await run({ ...phone, colorScheme: 'dark' });
    expect(await fitsScreen(page)).toBe(true);
    await pages.screenshot(page, 'bench-queue-phone-dark');
  });
});
