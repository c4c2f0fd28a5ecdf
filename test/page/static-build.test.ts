import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumLaunch } from '../support/chromium.js';
import { ROOT } from '../support/imports.js';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const FOLDER = '/some/folder/';
const built = mkdtempSync(join(tmpdir(), 'tilewise-page-'));
let server: Server;
let browser: Browser;

beforeAll(async () => {
  const outDir = join(built, 'page');
  await build({ configFile: join(ROOT, 'bench/vite.config.ts'), logLevel: 'error', build: { outDir } });
  // Files and nothing else: no header, no rule.
  server = createServer(({ url = '' }, response) => {
    const path = join(outDir, decodeURIComponent(url.replace(FOLDER, '/').replace(/[?#].*/, '')));
    const isThere = url.startsWith(FOLDER) && existsSync(path);
    response.writeHead(isThere ? 200 : 404, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    if (isThere) createReadStream(path).pipe(response);
    else response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  browser = await chromium.launch(await chromiumLaunch());
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(built, { recursive: true, force: true });
});

describe('the static build', () => {
  it('runs from any folder of any host, and asks for nothing elsewhere', async () => {
    const page = await (await browser.newContext({ locale: 'en-US' })).newPage();
    const complaints: string[] = [];
    const hosts = new Set<string>();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => hosts.add(new URL(request.url()).hostname));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}${FOLDER}`;
    await page.goto(`${address}index.html#cases=model%2Flenet5&budget=0.05`);
    await expect.poll(() => page.textContent('#status'), { timeout: 90_000 }).toBe('Ready.');
    await page.click('#start');
    await expect.poll(() => page.textContent('#status'), { timeout: 90_000 }).toMatch(/^Done: 1 results/);
    await page.getByRole('link', { name: 'Draw a digit' }).click();
    await expect.poll(() => page.textContent('#answer'), { timeout: 90_000 }).toBe('Draw something.');
    expect(complaints).toEqual([]);
    expect([...hosts]).toEqual(['127.0.0.1']);
    expect(readdirSync(join(built, 'page')).sort()).toEqual(['assets', 'examples', 'index.html']);
  });
});
