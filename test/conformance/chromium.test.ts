import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTests, type SuiteTest, tensorFiles } from '../../src/cli/conformance-suite.js';
import { chromiumLaunch } from '../support/chromium.js';
import { ROOT } from '../support/imports.js';
import type { PageTest } from './page.js';

/** The folder of the suites, which are not part of this repository: TILEWISE_CONFORMANCE, as .ci/run sets it. */
const suites = process.env.TILEWISE_CONFORMANCE ?? '';
const listed = (suite: string): string[] =>
  JSON.parse(readFileSync(join(ROOT, `test/conformance/passes-${suite}.json`), 'utf8')) as string[];

let server: ViteDevServer;
let browser: Browser;

beforeAll(async () => {
  server = await createServer({
    root: ROOT,
    configFile: false,
    cacheDir: join(ROOT, 'build/vite-conformance'),
    logLevel: 'warn',
    server: { port: 0, host: '127.0.0.1' },
    optimizeDeps: { include: ['pbf', 'wgpu-matrix'], noDiscovery: true },
    plugins: [
      {
        name: 'suite-files',
        configureServer: ({ middlewares }) => {
          middlewares.use('/suites', (request, response) => {
            createReadStream(join(suites, decodeURIComponent(request.url ?? '')))
              .on('error', () => response.writeHead(404).end())
              .pipe(response);
          });
          middlewares.use('/conformance', (_request, response) => {
            response.setHeader('content-type', 'text/html');
            response.end('<!doctype html><script type="module" src="/test/conformance/page.ts"></script>');
          });
        },
      },
    ],
  });
  await server.listen();
  browser = await chromium.launch(await chromiumLaunch());
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const urlOf = (path: string): string =>
  `/suites/${path
    .slice(suites.length + 1)
    .split('/')
    .map(encodeURIComponent)
    .join('/')}`;

const pageTest = async ({ name, folder, dataSets }: SuiteTest): Promise<PageTest> => ({
  name,
  model: urlOf(join(folder, 'model.onnx')),
  dataSets: await Promise.all(
    dataSets.map(async (set) => ({
      inputs: (await tensorFiles(set, 'input')).map(urlOf),
      outputs: (await tensorFiles(set, 'output')).map(urlOf),
    })),
  ),
});

// The suites come from elsewhere; where they are not at hand there is nothing to run.
describe.runIf(existsSync(suites))('the conformance list in Chromium', () => {
  it.each(['opset17', 'opset28'])('%s: what passes in Node passes here', { timeout: 600_000 }, async (suite) => {
    const names = new Set(listed(suite));
    const tests = (await findTests(join(suites, suite))).filter(({ name }) => names.has(name));
    expect(tests).toHaveLength(names.size);
    const page = await browser.newPage();
    await page.goto(`${server.resolvedUrls?.local[0]}conformance`);
    await page.waitForFunction(() => 'runTests' in globalThis);
    const failures: Record<string, string> = {};
    const all = await Promise.all(tests.map(pageTest));
    for (let i = 0; i < all.length; i += 100) {
      const run = (some: PageTest[]) =>
        (globalThis as unknown as { runTests: (tests: PageTest[]) => Promise<Record<string, string>> }).runTests(some);
      Object.assign(failures, await page.evaluate(run, all.slice(i, i + 100)));
    }
    await page.close();
    expect(failures).toEqual({});
  });
});
