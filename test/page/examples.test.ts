import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/imports.js';
import { fitsScreen, phone, servePages } from './support.js';

const pages = servePages({ video: true });
const file = (path: string): string => join(ROOT, path);
const best = (page: Page) => page.textContent('#guesses li:first-child .label');

/** A page whose model is loaded. */
const open = async (name: 'photo' | 'camera', options: Parameters<typeof pages.open>[1] = {}): Promise<Page> => {
  const page = await pages.open(`examples/${name}.html`, options);
  await expect.poll(() => page.textContent('#adapter'), { timeout: 90_000 }).toMatch(/software/);
  return page;
};

const answered = (page: Page, answer: string | RegExp): Promise<void> =>
  expect.poll(() => page.textContent('#answer'), { timeout: 90_000 }).toMatch(answer);

/** Drops files onto the page, as a person does. */
const drop = async (page: Page, paths: readonly string[]): Promise<void> => {
  const files = paths.map((path) => ({ name: path.replace(/^.*\//, ''), base64: readFileSync(file(path)).toString('base64') }));
  await page.evaluate((given) => {
    const dataTransfer = new DataTransfer();
    for (const { name, base64 } of given) {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      dataTransfer.items.add(new File([bytes], name));
    }
    dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }, files);
};

describe('a picture', () => {
  it('is classified: the example, a chosen file, a dropped one with its model', async () => {
    const page = await open('photo');
    await page.click('#example');
    await answered(page, 'This is: 3.');
    expect(await page.textContent('#time')).toMatch(/^\d+\.\d ms/);
    await page.setInputFiles('#photo', file('models/digits/7.png'));
    await answered(page, 'This is: 7.');
    await drop(page, ['models/digits/2.png', 'models/lenet5.preprocessing.json', 'models/lenet5.onnx']);
    // A new model has no names for its classes.
    await answered(page, 'This is: class 2.');
    expect(await page.textContent('#model')).toBe('lenet5.onnx');
    const labels = { name: 'labels.txt', mimeType: 'text/plain', buffer: Buffer.from('a\nb\ntwo\nd\n') };
    await page.setInputFiles('#files', labels);
    await answered(page, 'This is: two.');
    await pages.screenshot(page, 'photo-light');
  });

  it('is refused with a reason', async () => {
    const page = await open('photo', { ...phone, colorScheme: 'dark' });
    const wrong = { name: 'wrong.json', mimeType: 'application/json', buffer: Buffer.from('{"width": 28}') };
    await page.setInputFiles('#files', wrong);
    await expect.poll(() => page.textContent('#error')).toMatch(/'height' is missing/);
    await page.setInputFiles('#files', file('package.json'));
    await expect.poll(() => page.textContent('#error')).toMatch(/'name' is not a known key.*Hint/);
    const picture = { name: 'broken.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
    await page.setInputFiles('#photo', picture);
    await expect.poll(() => page.textContent('#error')).toMatch(/^Cannot decode the picture/);
    await page.click('#example');
    await answered(page, 'This is: 3.');
    expect(await page.isHidden('#error')).toBe(true);
    expect(await fitsScreen(page)).toBe(true);
    await pages.screenshot(page, 'photo-phone-dark');
  });
});

describe('a video', () => {
  it('is read frame by frame, and stops', async () => {
    const page = await open('camera');
    await page.selectOption('#source', 'synthetic');
    await page.click('#start');
    await expect.poll(async () => `${await best(page)}${await page.textContent('#error')}`, { timeout: 90_000 }).toMatch(/^\d$/);
    // The digits come in order, each for a while.
    for (const digit of ['0', '1', '2']) await expect.poll(() => best(page), { timeout: 90_000 }).toBe(digit);
    const inked = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#overlay') as HTMLCanvasElement;
      const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    });
    expect(inked, 'the overlay names the digit').toBe(true);
    expect(await page.textContent('#time')).toMatch(/ms a frame, .* frames a second$/);
    await pages.screenshot(page, 'camera-light');
    await page.click('#stop');
    expect(await page.isEnabled('#start')).toBe(true);
    const time = await page.textContent('#time');
    await page.waitForTimeout(300);
    expect(await page.textContent('#time')).toBe(time);
  });

  it('copies nothing to the host', async () => {
    const page = await open('camera', {
      ...phone,
      prepare: (p) =>
        p.addInitScript(() => {
          const reads: string[] = [];
          Object.assign(globalThis, { reads });
          const watch = (prototype: object, name: string): void => {
            const original = Reflect.get(prototype, name) as (...args: unknown[]) => unknown;
            Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
              reads.push(name);
              return original.apply(this, args);
            });
          };
          watch(CanvasRenderingContext2D.prototype, 'getImageData');
          watch(VideoFrame.prototype, 'copyTo');
          watch(GPUDevice.prototype, 'importExternalTexture');
          watch(GPUQueue.prototype, 'copyExternalImageToTexture');
        }),
    });
    await page.selectOption('#source', 'synthetic');
    await page.click('#start');
    await expect.poll(() => best(page), { timeout: 90_000 }).toMatch(/^\d$/);
    const reads = await page.evaluate(() => [...new Set((globalThis as unknown as { reads: string[] }).reads)]);
    expect(reads).toEqual(['importExternalTexture']);
    expect(await fitsScreen(page)).toBe(true);
    await pages.screenshot(page, 'camera-phone');
  });

  it('says why there is no camera', async () => {
    const page = await open('camera');
    await page.click('#start');
    await expect.poll(() => page.textContent('#error'), { timeout: 90_000 }).toMatch(/device not found|denied|camera/i);
    expect(await page.isEnabled('#start')).toBe(true);
  });
});
