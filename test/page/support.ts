import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type ChromiumOptions, chromiumLaunch } from '../support/chromium.js';
import { ROOT } from '../support/imports.js';

const SHOTS = join(ROOT, 'build/screenshots');

export interface PageOptions extends BrowserContextOptions {
  /** Done to the page before it is opened. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** Real pages of the development server in a real Chromium; a test fails on any error of a console that it does not await. */
export interface Pages {
  open(path: string, options?: PageOptions): Promise<Page>;
  /** Errors on the console since they were last taken. */
  takeComplaints(): string[];
  screenshot(page: Page, name: string): Promise<void>;
}

export const servePages = (launch: ChromiumOptions = {}): Pages => {
  let server: ViteDevServer;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    server = await createServer({
      configFile: join(ROOT, 'bench/vite.config.ts'),
      cacheDir: join(ROOT, `build/vite-page-${process.env['VITEST_POOL_ID'] ?? 0}`),
      logLevel: 'warn',
      // A file that is saved meanwhile would reload the page under the test.
      server: { port: 0, host: '127.0.0.1', hmr: false, watch: null },
    });
    await server.listen();
    browser = await chromium.launch(await chromiumLaunch(launch));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(complaints.splice(0), 'errors on the console').toEqual([]);
  });

  const open = async (path: string, { prepare, ...options }: PageOptions = {}): Promise<Page> => {
    const page = await (
      await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en-US', ...options })
    ).newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await prepare?.(page);
    await page.goto(new URL(path, server.resolvedUrls?.local[0]).href);
    return page;
  };

  return {
    open,
    takeComplaints: () => complaints.splice(0),
    screenshot: async (page, name) => void (await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true })),
  };
};

/** True where nothing is wider than the screen. */
export const fitsScreen = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;
