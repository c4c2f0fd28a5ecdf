import type { BrowserContextOptions, Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { servePages } from './page/support.js';
import { filesUnder } from './support/imports.js';

const examples = filesUnder('models/digits', '.png');
const pages = servePages();

/** The page, opened and ready: its model is loaded. */
const open = async (
  options: BrowserContextOptions = {},
  ready = 'Draw something.',
  prepare: (page: Page) => Promise<void> = async () => undefined,
): Promise<Page> => {
  const page = await pages.open('examples/digit.html', { viewport: { width: 1000, height: 760 }, ...options, prepare });
  await expect.poll(() => page.textContent('#answer'), { timeout: 90_000 }).toBe(ready);
  return page;
};

type Stroke = readonly (readonly [x: number, y: number])[];
const strokes: Record<string, readonly Stroke[]> = {
  1: [
    [
      [0.54, 0.14],
      [0.5, 0.5],
      [0.46, 0.86],
    ],
  ],
  7: [
    [
      [0.25, 0.18],
      [0.5, 0.17],
      [0.76, 0.16],
      [0.6, 0.5],
      [0.45, 0.86],
    ],
  ],
};

const draw = async (page: Page, digit: string): Promise<void> => {
  const box = await page.locator('#pad').boundingBox();
  if (!box) throw new Error('the pad is not on the page');
  for (const stroke of strokes[digit] ?? []) {
    const at = ([x, y]: readonly [number, number]): [number, number] => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(stroke[0] as [number, number]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) await page.mouse.move(...at(point), { steps: 8 });
    await page.mouse.up();
  }
};

const answered = (page: Page, digit: string): Promise<void> =>
  expect.poll(() => page.textContent('#answer'), { timeout: 90_000 }).toBe(`I read a ${digit}.`);

const percents = async (page: Page): Promise<number[]> =>
  (await page.locator('.percent').allTextContents()).map(Number.parseFloat);

describe('the page', () => {
  it.each(['1', '7'])('reads a drawn %s', async (digit) => {
    const page = await open();
    await draw(page, digit);
    await answered(page, digit);
    const shown = await percents(page);
    expect(shown.indexOf(Math.max(...shown))).toBe(Number(digit));
    expect(shown.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 0);
    await expect.poll(() => page.textContent('#time')).toMatch(/^\d+\.\d ms$/);
    expect(await page.textContent('#adapter')).toMatch(/software/);
  });

  it('keeps its layout while it reads', async () => {
    const page = await open();
    const layout = () =>
      page.evaluate(() =>
        ['main', '#pad', '#bars', 'dl', '#examples', '#bars li:nth-child(8)', '#bars li:nth-child(9) .percent'].map((s) =>
          JSON.stringify(document.querySelector(s)?.getBoundingClientRect()),
        ),
      );
    const before = await layout();
    await draw(page, '7');
    await answered(page, '7');
    expect(await layout()).toEqual(before);
  });

  it('works from the keyboard', async () => {
    const page = await open();
    expect(examples.length).toBeGreaterThanOrEqual(10);
    const links = await page.locator('nav a').count();
    for (let i = 0; i <= links; i++) await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('clear');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const first = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    await answered(page, /\d/.exec(first ?? '')?.[0] ?? '?');
    await page.locator('#clear').press('Enter');
    await expect.poll(() => page.textContent('#answer')).toBe('Draw something.');
    expect(await percents(page)).toEqual(new Array(10).fill(0));
  });

  it('reads every example', async () => {
    const page = await open();
    for (const button of await page.locator('#examples button').all()) {
      await button.click();
      await answered(page, /\d/.exec((await button.getAttribute('aria-label')) ?? '')?.[0] ?? '?');
    }
  });

  it('takes a finger on a phone, and does not scroll under it', async () => {
    const page = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    const box = (await page.locator('#pad').boundingBox())!;
    const touch = await page.context().newCDPSession(page);
    const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', y = 0) =>
      touch.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + box.width / 2, y: box.y + y * box.height }],
      });
    await send('touchStart', 0.15);
    for (let y = 0.2; y < 0.86; y += 0.05) await send('touchMove', y);
    await send('touchEnd');
    await answered(page, '1');
    expect(await page.evaluate(() => scrollY)).toBe(0);
    const bars = (await page.locator('#bars').boundingBox())!;
    expect(bars.y + bars.height, 'the bars are on the screen while one draws').toBeLessThan(740);
    await pages.screenshot(page, 'phone');
  });

  it.each(['light', 'dark'] as const)('has a %s look', async (colorScheme) => {
    const page = await open({ colorScheme });
    await draw(page, '7');
    await answered(page, '7');
    await page.waitForTimeout(200);
    await pages.screenshot(page, colorScheme);
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red = 0] = background.match(/\d+/g)?.map(Number) ?? [];
    expect(red > 128).toBe(colorScheme === 'light');
  });

  it('says what is missing where there is no WebGPU', async () => {
    const page = await open({}, 'The network cannot run here.', async (p) => {
      await p.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
    });
    expect(await page.textContent('[role=alert]')).toMatch(/has no WebGPU\. Hint: use a browser with WebGPU/);
    await pages.screenshot(page, 'no-webgpu');
  });
});
