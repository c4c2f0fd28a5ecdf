// Runs the benchmark page in headless Chromium and writes the JSON that `tilewise bench --json` writes:
//   npm run bench:chrome -- --quick --json results.json
// CHROMIUM_PATH names another browser. Without a GPU it runs on the software adapter.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { createServer } from 'vite';

const USAGE = `usage: npm run bench:chrome -- [--quick] [--only PATTERN] [--budget SECONDS] [--machine NAME] [--json FILE]`;

const arguments_ = () => {
  try {
    const options = {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      budget: { type: 'string' },
      machine: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    };
    const { values } = parseArgs({ options });
    if (values.budget !== undefined && !(Number(values.budget) > 0)) throw new Error('--budget must be a number above 0');
    return values;
  } catch (error) {
    console.error(`error: ${error.message}\n${USAGE}`);
    process.exit(2);
  }
};

const { quick, only, budget, machine, json, help } = arguments_();
if (help) {
  console.log(USAGE);
  process.exit(0);
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const server = await createServer({
  configFile: `${root}/bench/vite.config.ts`,
  logLevel: 'error',
  cacheDir: `${root}/build/vite-bench-chrome`,
  // A file that is saved meanwhile would reload the page under the benchmarks.
  server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
});

/** The page with these settings, as soon as it says that it is ready; rejects where it cannot run. */
const open = async (browser) => {
  const context = await browser.newContext({ acceptDownloads: true, locale: 'en-US' });
  const page = await context.newPage();
  page.setDefaultTimeout(0);
  const hash = new URLSearchParams({ quick: quick ? '1' : '0', only, budget: budget ?? '', machine: machine ?? '' });
  const failed = new Promise((_, reject) => page.on('pageerror', reject));
  await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/index.html#${hash}`);
  await Promise.race([
    page.waitForFunction(() => /^(Ready|Nothing)/.test(document.querySelector('#status').textContent)),
    failed,
  ]);
  if (await page.isVisible('#error')) throw new Error(await page.textContent('#error'));
  return page;
};

/** Presses Start, tells which case runs, and returns the report that the page offers for download. */
const run = async (page) => {
  await page.click('#start');
  for (let last = ''; ; ) {
    const status = await page.textContent('#status');
    const at = /^\d+ of \d+[^:]*: [^,]+/.exec(status)?.[0];
    if (at && at !== last) console.error((last = at));
    if (/^The run broke off/.test(status)) throw new Error(status);
    if (/^(Done|Stopped)/.test(status)) break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  for (const line of await page.locator('#failures li').allTextContents()) console.error(`FAILED ${line}`);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download-json')]);
  return readFileSync(await file.path(), 'utf8');
};

let browser;
try {
  const { chromiumLaunch } = await server.ssrLoadModule(`${root}/test/support/chromium.ts`);
  await server.listen();
  browser = await chromium.launch(await chromiumLaunch());
  const text = await run(await open(browser));
  const report = JSON.parse(text);
  if (json === undefined) process.stdout.write(text);
  else {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(`${json}.tmp`, text);
    renameSync(`${json}.tmp`, json);
    console.error(`${json}: ${report.results.length} results, ${report.failures.length} failures`);
  }
  if (report.failures.length > 0) process.exitCode = 1;
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
  await server.close();
}
