import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page, Route } from 'playwright';
import { describe, expect, it } from 'vitest';
import type { BenchReport } from '../../bench/results.js';
import { ROOT } from '../support/imports.js';
import { fitsScreen, type PageOptions, phone, servePages } from './support.js';

const pages = servePages();
const becomes = (page: Page, pattern: RegExp, id = 'status', timeout = 90_000): Promise<void> =>
  expect.poll(() => page.textContent(`#${id}`), { timeout }).toMatch(pattern);

/** The page with its cases listed. */
const ready = async (hash = '', options: PageOptions = {}): Promise<Page> => {
  const page = await pages.open(`index.html${hash}`, options);
  await becomes(page, /^Ready\.$/);
  return page;
};

/** Cases that take little, some for each chart. */
const NAMES = ['matmul/64x64x64', 'relu/64x1024', 'small-cnn/batch-1', 'small-cnn/batch-8', 'model/lenet5'];
const settings = (names: readonly string[]): string =>
  `#${new URLSearchParams({ cases: names.join(','), budget: '0.05', machine: 'test' })}`;

const run = async (page: Page): Promise<void> => {
  await page.click('#start');
  await becomes(page, /^Done/);
};

const downloaded = async (page: Page): Promise<BenchReport> => {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download-json')]);
  expect(file.suggestedFilename()).toBe('tilewise-bench.json');
  return JSON.parse(readFileSync(await file.path(), 'utf8')) as BenchReport;
};

const column = (page: Page, i: number): Promise<string[]> => page.locator(`#results tbody td:nth-child(${i})`).allTextContents();

/** Pixels of a chart that are not those of its background: a chart without data has its grid only. */
const inkOf = (page: Page, id: string): Promise<number> =>
  page.evaluate((name) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`#chart-${name} canvas`) as HTMLCanvasElement;
    const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    // Grid, ticks and text are grey; curves, bars and points are not.
    for (let i = 0; i < data.length; i += 4) {
      const [r = 0, g = 0, b = 0, a = 0] = data.slice(i, i + 4);
      if (a > 200 && Math.max(r, g, b) - Math.min(r, g, b) > 60) coloured++;
    }
    return coloured;
  }, id);

const CHARTS = ['ladder', 'roofline', 'latency', 'batch'];
/** Where everything stands that a run must not move; the table grows downwards, so what is below it is left out. */
const layout = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    ['h1', '#measure-roofs', '#families', '#start', '#progress', '#chart-ladder', '#chart-batch', '#copy-link', '#results'].map(
      (selector) => {
        const { x, y } = (document.querySelector(selector) as Element).getBoundingClientRect();
        return `${selector} ${x} ${y + scrollY}`;
      },
    ),
  );

describe('a run', () => {
  it('measures, draws, lists, sorts, saves and compares, and nothing jumps', async () => {
    const page = await ready(settings(NAMES));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    expect(await page.textContent('#adapter-name')).toMatch(/SwiftShader/i);
    expect(await page.textContent('#pick-count')).toMatch(/^5 of \d+ cases$/);
    for (const chart of CHARTS) expect(await inkOf(page, chart), chart).toBe(0);
    const before = await layout(page);
    await run(page);
    expect(await layout(page)).toEqual(before);
    const report = await downloaded(page);
    expect(report).toMatchObject({ schema: 1, machine: 'test', quick: true, failures: [], adapter: { kind: 'cpu' } });
    expect(report.commit).toMatch(/^[0-9a-f]{12}(-dirty)?$/);
    expect(report.versions).toMatchObject({ tilewise: expect.any(String), browser: expect.stringContaining('Chrome') });
    expect(new Set(report.results.map((result) => result.case))).toEqual(new Set(NAMES));
    expect(report.results.every(({ agreement }) => agreement?.equal)).toBe(true);
    const names = report.results.map(({ name }) => name);
    expect(await column(page, 1)).toEqual(names);
    for (const chart of CHARTS) await expect.poll(() => inkOf(page, chart), { message: chart }).toBeGreaterThan(20);
    await pages.screenshot(page, 'bench-light');

    await page.click('th[data-column=name] button');
    expect(await page.getAttribute('th[data-column=name]', 'aria-sort')).toBe('ascending');
    expect((await column(page, 1))[0]).toMatch(/^matmul/);
    await page.locator('th[data-column=median] button').press('Enter');
    const medians = (await column(page, 2)).map(Number);
    expect(medians).toEqual([...medians].sort((a, b) => b - a));

    await page.click('#copy-markdown');
    await becomes(page, /Copied as Markdown/, 'share-status');
    const markdown = (await page.evaluate(() => navigator.clipboard.readText())).trim().split('\n');
    expect(markdown[0]).toContain('swiftshader (cpu)');
    expect(
      markdown
        .slice(4)
        .map((line) => line.split(' | ')[0]?.slice(2))
        .sort(),
    ).toEqual([...names].sort());

    const slower = report.results.map((one) => ({ ...one, ms: { ...one.ms, median: 1000 * one.ms.median, deviation: 0 } }));
    const saved = {
      name: 'old.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify({ ...report, results: slower.slice(1) })),
    };
    await page.setInputFiles('#compare', saved);
    await becomes(page, /1 are new, 0 were not run/, 'share-status');
    const speeds = await column(page, 4);
    expect(speeds.filter((text) => text === 'new')).toHaveLength(1);
    expect(speeds.filter((text) => /^1000\.00x/.test(text))).toHaveLength(names.length - 1);
    const broken = { ...saved, name: 'broken.json', buffer: Buffer.from('{"schema": 1}') };
    await page.setInputFiles('#compare', broken);
    await becomes(page, /broken\.json is no benchmark report: .*Hint/i, 'share-status');
  });

  it('stops with what it has, and can be started again', async () => {
    const page = await ready('#cases=matmul,memory');
    await page.click('#start');
    expect(await page.isEnabled('#measure-roofs')).toBe(false);
    await expect.poll(() => column(page, 1).then((names) => names.length), { timeout: 90_000 }).toBeGreaterThan(2);
    // The page answers while the worker works.
    const unfold = page.locator('.family button').first();
    await unfold.click();
    expect(await unfold.getAttribute('aria-expanded')).toBe('true');
    expect(await page.isEnabled('#stop')).toBe(true);
    await page.click('#stop');
    await becomes(page, /^Stopped: \d+ results/);
    const report = await downloaded(page);
    expect(report.results.map(({ name }) => name)).toEqual(await column(page, 1));
    expect(report.roofs?.aluGflops).toBeGreaterThan(0);
    expect(await page.isEnabled('#start')).toBe(true);
  });
});

describe('submits', () => {
  it('are cut between dispatches, and what cannot be cut is told', async () => {
    const prepare = (page: Page): Promise<unknown> =>
      page.context().route(/\/submits\.ts/, async (route) => {
        const response = await route.fetch();
        const short = (await response.text()).replace('MAX_SUBMIT_MS = 100', 'MAX_SUBMIT_MS = 0.0001');
        await route.fulfill({ response, body: short });
      });
    const page = await ready(settings(['model/lenet5', 'relu/64x1024']), { prepare });
    expect(await page.isVisible('#long-submits')).toBe(false);
    await run(page);
    const lines = await page.locator('#long-submits li').allTextContents();
    expect(lines).toEqual(
      (await column(page, 1)).map((name) =>
        expect.stringMatching(new RegExp(`^${name}: its longest submit took [\\d.e-]+ ms, `)),
      ),
    );
    const { results } = await downloaded(page);
    for (const { longestSubmitMs, agreement } of results) {
      expect(longestSubmitMs).toBeGreaterThan(0);
      expect(agreement?.equal).toBe(true);
    }
  });
});

describe('the controls', () => {
  it('pick cases, and keep them in the link', async () => {
    const page = await ready();
    const count = async (): Promise<number> => Number(/^\d+/.exec((await page.textContent('#pick-count')) ?? '')?.[0]);
    const all = await count();
    expect(all).toBeGreaterThan(20);
    await page.click('#pick-none');
    expect(await count()).toBe(0);
    expect(await page.isEnabled('#start')).toBe(false);
    await page.check('input[name=fusion]');
    const unfold = page.getByRole('button', { name: /Show the \d+ cases of: Matrix products/ });
    await unfold.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await page.evaluate(() => document.querySelector<HTMLInputElement>('input[name=matmul]')?.indeterminate)).toBe(true);
    await page.fill('#budget', '0.5');
    await page.fill('#machine', 'my machine');
    await page.locator('#machine').blur();
    const picked = await count();
    const other = await ready(new URL(page.url()).hash);
    expect(await other.textContent('#pick-count')).toBe(await page.textContent('#pick-count'));
    expect(picked).toBeGreaterThan(1);
    expect(await other.inputValue('#budget')).toBe('0.5');
    expect(await other.inputValue('#machine')).toBe('my machine');
    expect(await other.isChecked('input[name=fusion]')).toBe(true);
    await other.click('#pick-all');
    expect(await other.textContent('#pick-count')).toBe(`${all} of ${all} cases`);
    await other.uncheck('#quick');
    await expect.poll(() => other.textContent('#pick-count')).not.toBe(`${all} of ${all} cases`);
    expect(new URL(other.url()).hash).toContain('quick=0');
  });

  it('take models as files and URLs, and tell what fails', async () => {
    const page = await ready('#cases=model%2Fnone');
    await page.setInputFiles('#model-file', join(ROOT, 'models/lenet5.onnx'));
    await expect.poll(() => page.locator('input[value="model/lenet5-2"]').count()).toBe(1);
    await page.fill('#model-url', 'missing.onnx');
    await page.press('#model-url', 'Enter');
    await expect.poll(() => page.locator('input[value="model/missing"]').count()).toBe(1);
    await page.getByRole('button', { name: /Show the 3 cases of: Whole models/ }).click();
    for (const name of ['lenet5-2', 'missing']) await page.check(`input[value="model/${name}"]`);
    expect(decodeURIComponent(page.url())).toContain('missing.onnx');
    await page.fill('#budget', '0.05');
    await run(page);
    expect(await column(page, 1)).toEqual(['model/lenet5-2/shipped']);
    expect(await page.textContent('#failures')).toMatch(/^model\/missing\/shipped: .+/);
    pages.takeComplaints();
  });

  it('measure the roofs', async () => {
    const page = await ready();
    await page.click('#measure-roofs');
    await becomes(page, /^Measured\.$/, 'roofs-status');
    expect(await page.textContent('#roof-alu')).toMatch(/^[\d.]+ [MGT]FLOP\/s$/);
    expect(await page.textContent('#roof-memory')).toMatch(/^[\d.]+ [MGT]B\/s$/);
    await page.click('summary');
    expect(await page.textContent('#adapter-limits')).toMatch(/maxBufferSize/);
  });
});

/** A module with the interface of onnxruntime-web that sends its work to onnxruntime in the test's process. */
const PEER = `
export const env = { wasm: {} };
export class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
export const InferenceSession = { create: async (bytes) => ({
  run: async (feeds) => {
    const inputs = Object.entries(feeds).map(([name, { data, dims }]) => ({ name, data: [...data], dims }));
    const body = JSON.stringify({ model: [...bytes], inputs });
    return await (await fetch('https://peer.test/run', { method: 'POST', body })).json();
  },
  release: async () => {},
}) };`;

interface OnnxruntimeNode {
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(bytes: Uint8Array): Promise<{ run(feeds: object): Promise<Record<string, { data: Float32Array }>> }>;
  };
}

const answer = async (route: Route, error: number): Promise<void> => {
  const ort = createRequire(import.meta.url)('onnxruntime-node') as OnnxruntimeNode;
  const { model, inputs } = route.request().postDataJSON() as {
    model: number[];
    inputs: { name: string; data: number[]; dims: number[] }[];
  };
  const session = await ort.InferenceSession.create(Uint8Array.from(model));
  const feeds = Object.fromEntries(
    inputs.map(({ name, data, dims }) => [name, new ort.Tensor('float32', Float32Array.from(data), dims)]),
  );
  const outputs = Object.entries(await session.run(feeds)).map(([name, { data }]) => [
    name,
    { data: Array.from(data, (v) => v + error) },
  ]);
  await route.fulfill({ json: Object.fromEntries(outputs), headers: { 'access-control-allow-origin': '*' } });
};

/** Serves the module, and adds an error to what it computes. */
const withPeer = (error: number, fetched: string[] = []): PageOptions => ({
  prepare: async (page) => {
    const headers = { 'access-control-allow-origin': '*', 'content-type': 'text/javascript' };
    page.on('request', (request) => fetched.push(new URL(request.url()).hostname));
    await page.context().route('https://peer.test/ort.mjs', (route) => route.fulfill({ body: PEER, headers }));
    await page.context().route('https://peer.test/run', (route) => answer(route, error));
  },
});

describe('side by side', () => {
  const compare = async (page: Page): Promise<void> => {
    await page.fill('#peer-url', 'https://peer.test/ort.mjs');
    await page.click('#peer-run');
  };

  it('fetches another library on request only, and agrees with it', async () => {
    const fetched: string[] = [];
    const page = await ready('', withPeer(0, fetched));
    expect(new Set(fetched)).toEqual(new Set(['127.0.0.1']));
    await compare(page);
    await becomes(page, /^lenet5: the outputs agree/, 'peer-status');
    expect(await page.locator('#peer-rows tr td:first-child').allTextContents()).toEqual(['Tilewise', 'onnxruntime-web, webgpu']);
    expect(fetched).toContain('peer.test');
  });

  it('says where the outputs differ', async () => {
    const page = await ready('', withPeer(0.5));
    await compare(page);
    await becomes(page, /the outputs DIFFER, by 0\.5.* The CPU reference agrees with Tilewise\.$/, 'peer-status');
  });

  it('says what to do without a network', async () => {
    const page = await ready();
    await page.context().route('https://cdn.jsdelivr.net/**', (route) => route.abort());
    await page.click('#peer-run');
    await becomes(page, /could not be loaded.*Hint: .*go online/, 'peer-status');
    await page.selectOption('#peer-library', 'tensorflow');
    expect(await page.inputValue('#peer-url')).toContain('tfjs');
    await page.click('#peer-run');
    await becomes(page, /tfjs-core.* could not be loaded/, 'peer-status');
    pages.takeComplaints();
  });
});

/** Where names are broken to a next line, as the characters around the break: 'e|b' is within a word. */
const breaksOf = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate((names) => {
    const topOf = (node: Text, i: number): number => {
      const range = document.createRange();
      range.setStart(node, i);
      range.setEnd(node, i + 1);
      return range.getBoundingClientRect().top;
    };
    return [...document.querySelectorAll(names)].flatMap((element) => {
      const characters: { readonly text: string; readonly top: number }[] = [];
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
        for (let i = 0; i < node.data.length; i++) characters.push({ text: node.data[i] as string, top: topOf(node, i) });
      }
      return characters.flatMap(({ text, top }, i) => {
        const before = characters[i - 1];
        return before && top > before.top + 4 ? [`${before.text}|${text}`] : [];
      });
    });
  }, selector);

describe('looks', () => {
  it('fits a phone, in the dark', async () => {
    const page = await ready(settings(['small-cnn/batch-1', 'matmul/64x64x64']), { ...phone, colorScheme: 'dark' });
    expect(await fitsScreen(page)).toBe(true);
    await run(page);
    expect(await fitsScreen(page)).toBe(true);
    const breaks = await breaksOf(page, '#results td:first-child, #adapter-name, #adapter-features');
    expect(breaks.length).toBeGreaterThan(0);
    for (const place of breaks) expect(place).toMatch(/[^a-z0-9]|[a-z]\|[A-Z]|x\|\d/);
    await pages.screenshot(page, 'bench-phone-dark');
  });

  it('is dark where the system is', async () => {
    const page = await ready(settings(['relu/64x1024', 'model/lenet5']), { colorScheme: 'dark' });
    await run(page);
    await pages.screenshot(page, 'bench-dark');
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(Number(/\d+/.exec(background)?.[0])).toBeLessThan(128);
  });

  it('says what is missing where there is no WebGPU', async () => {
    const prepare = (page: Page): Promise<unknown> =>
      page.context().route(/worker\.ts/, async (route) => {
        const response = await route.fetch();
        const blind = "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { get: () => undefined });";
        await route.fulfill({ response, body: `${blind}${await response.text()}` });
      });
    const page = await pages.open('index.html', { prepare });
    await becomes(page, /^Nothing can be run here\.$/);
    expect(await page.textContent('[role=alert]')).toMatch(/has no WebGPU\. Hint: use a browser with WebGPU/);
    expect(await page.isEnabled('#start')).toBe(false);
  });
});
