import type { Page } from 'playwright';
import { describe, expect, it } from 'vitest';
import type * as Tilewise from '../../src/index.js';
import type { Preprocessing } from '../../src/preprocessing.js';
import { ROOT } from '../support/imports.js';
import { servePages } from './support.js';

const pages = servePages({ video: true });
const WIDTH = 6;
const HEIGHT = 4;

/** A page that has the library. */
const open = async (): Promise<Page> => {
  const page = await pages.open('examples/digit.html');
  await page.addScriptTag({ type: 'module', url: `/@fs${ROOT}test/page/expose.ts` });
  await page.waitForFunction(() => 'tilewise' in globalThis);
  return page;
};

type Source = 'frame' | 'pixels' | 'closed frame' | 'empty video';

/** A picture of three bands of two columns as a tensor, read as a frame or from the host's pixels; or the error. */
const tensorOf = (page: Page, source: Source, preprocessing: Preprocessing) =>
  page.evaluate(
    async ([kind, how, width, height]) => {
      const { imageToTensor } = (globalThis as unknown as { tilewise: typeof Tilewise }).tilewise;
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
      for (const [i, color] of ['rgb(255 0 0)', 'rgb(0 255 0)', 'rgb(16 96 192)'].entries()) {
        context.fillStyle = color;
        context.fillRect(2 * i, 0, 2, height);
      }
      const frame = new VideoFrame(canvas, { timestamp: 0 });
      if (kind === 'closed frame') frame.close();
      const video = document.createElement('video');
      const picture = kind === 'pixels' ? context.getImageData(0, 0, width, height) : kind === 'empty video' ? video : frame;
      try {
        const tensor = await imageToTensor(picture, how);
        const { location, dims } = tensor;
        const data = [...((await tensor.getData()) as Float32Array)];
        tensor.dispose();
        return { location, dims, data };
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return { code, message };
      } finally {
        frame.close();
      }
    },
    [source, preprocessing, WIDTH, HEIGHT] as const,
  );

const SAME_SIZE = { width: WIDTH, height: HEIGHT, scale: 1, filter: 'nearest' } as const;

describe('video frames', () => {
  it('reach the GPU with the pixels that the host would see', async () => {
    const page = await open();
    const actual = await tensorOf(page, 'frame', SAME_SIZE);
    const expected = await tensorOf(page, 'pixels', SAME_SIZE);
    expect(actual).toMatchObject({ location: 'gpu', dims: [1, 3, HEIGHT, WIDTH] });
    expect(expected.data?.slice(0, WIDTH)).toEqual([255, 255, 0, 0, 16, 16]);
    // The colours of a frame are converted on the way: a step of 1 in 255 is a rounding.
    actual.data?.forEach((value, i) => expect(Math.abs(value - expected.data![i]!), `element ${i}`).toBeLessThanOrEqual(1));
    expect(actual.data).toHaveLength(3 * HEIGHT * WIDTH);
  });

  it('are resized, normalised and laid out as pictures are', async () => {
    const page = await open();
    const how = { width: 3, height: 2, layout: 'nhwc', channels: 'bgr', filter: 'area', mean: 0.5, std: 0.25 } as const;
    const [actual, expected] = [await tensorOf(page, 'frame', how), await tensorOf(page, 'pixels', how)];
    expect(actual.dims).toEqual([1, 2, 3, 3]);
    actual.data?.forEach((value, i) => expect(Math.abs(value - expected.data![i]!)).toBeLessThanOrEqual(4 / 255 + 1e-5));
    expect(actual.data).toHaveLength(18);
  });

  it('are refused where there is no picture, and where pixels would have to be looked at', async () => {
    const page = await open();
    for (const source of ['closed frame', 'empty video'] as const) {
      expect(await tensorOf(page, source, SAME_SIZE)).toEqual({ code: 'invalid-argument', message: 'the video has no picture' });
    }
    const refused = await tensorOf(page, 'frame', { ...SAME_SIZE, invert: 'auto' });
    expect(refused).toMatchObject({ code: 'invalid-argument', message: expect.stringContaining("'invert'") });
  });
});
