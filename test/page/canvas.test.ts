import type { Page } from 'playwright';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { NetBuilder } from '../../bench/support/net-builder.js';
import { random } from '../../bench/support/random.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import type * as Tilewise from '../../src/index.js';
import { expectedPixels } from '../support/canvas-pixels.js';
import { ROOT } from '../support/imports.js';
import { servePages } from './support.js';

const pages = servePages({ video: true });
const WIDTH = 40;
const HEIGHT = 24;

const open = async (): Promise<Page> => {
  const page = await pages.open('examples/digit.html');
  await page.addScriptTag({ type: 'module', url: `/@fs${ROOT}test/page/expose.ts` });
  await page.waitForFunction(() => 'tilewise' in globalThis);
  return page;
};

type Surface = 'page' | 'offscreen' | 'taken' | 'transferred';

interface Drawing {
  readonly dims: readonly number[];
  readonly data: readonly number[];
  readonly options?: Tilewise.ColorOptions;
  /** The page's own device draws, not the library's; the tensor is in a buffer of it, not on the host. */
  readonly device?: 'own';
  readonly tensor?: 'own';
}

/**
 * Draws one after the other on the same canvas, and tells what an offscreen one shows after each; or the error. One of the
 * page hands its picture to the screen, where it stays.
 */
const draw = (page: Page, surface: Surface, drawings: readonly Drawing[]) =>
  page.evaluate(
    async ([kind, list]) => {
      const { Tensor, tensorToCanvas } = (globalThis as unknown as { tilewise: typeof Tilewise }).tilewise;
      const canvas = kind === 'offscreen' || kind === 'taken' ? new OffscreenCanvas(3, 3) : document.createElement('canvas');
      if (canvas instanceof HTMLCanvasElement) {
        for (const old of document.querySelectorAll('.drawn')) old.remove();
        canvas.className = 'drawn';
        canvas.style.cssText = 'all: initial; position: fixed; left: 0; top: 0; z-index: 9';
        document.body.append(canvas);
      }
      if (kind === 'taken') canvas.getContext('2d');
      if (kind === 'transferred') (canvas as HTMLCanvasElement).transferControlToOffscreen();
      const own = (await (await navigator.gpu.requestAdapter())?.requestDevice()) as GPUDevice;
      const shown: { width: number; height: number; pixels: number[] }[] = [];
      try {
        for (const { dims, data, options, device, tensor } of list) {
          const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
          const buffer = own.createBuffer({ size: 4 * data.length, usage: STORAGE | COPY_SRC | COPY_DST });
          own.queue.writeBuffer(buffer, 0, Float32Array.from(data));
          const picture =
            tensor === 'own'
              ? Tensor.fromGpuBuffer('float32', buffer, dims)
              : new Tensor('float32', Float32Array.from(data), dims);
          await tensorToCanvas(picture, canvas, options ?? {}, device === 'own' ? { device: own } : {});
          const { width, height } = canvas;
          const seen = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
          seen?.drawImage(await createImageBitmap(canvas), 0, 0);
          shown.push({ width, height, pixels: [...(seen?.getImageData(0, 0, width, height).data ?? [])] });
        }
        return { shown };
      } catch (error) {
        const { code, message } = error as { code: string; message: string };
        return { shown, error: { code, message } };
      } finally {
        // What a device drew goes with it, unless the screen has taken it by then.
        if (kind !== 'page') own.destroy();
      }
    },
    [surface, drawings] as const,
  );

/** The pixels of the canvas on the screen, RGBA. */
const onScreen = async (page: Page): Promise<number[]> => {
  const png = await page.locator('canvas.drawn').screenshot();
  return [...(await sharp(png).ensureAlpha().raw().toBuffer())];
};

const noise = (dims: readonly number[], seed = 1, more: Partial<Drawing> = {}): Drawing => {
  const next = random(seed);
  return { dims, data: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next), ...more };
};

const expectShown = (actual: readonly number[] | undefined, { data, dims, options = {} }: Drawing): void => {
  const expected = expectedPixels(data, dims, options);
  expect(actual).toHaveLength(expected.length);
  actual?.forEach((byte, i) => expect(Math.abs(byte - expected[i]!), `byte ${i}`).toBeLessThanOrEqual(1));
};

describe('a tensor on a canvas', () => {
  const bgr = { layout: 'nhwc', channels: 'bgr', mean: 0.4, std: [0.1, 0.5, 0.9] } as const;
  const drawings = [
    noise([1, 3, 20, 31]),
    noise([5, 70, 3], 2, { options: bgr }),
    noise([1, 1, 64, 64], 3),
    noise([1, 3, 9, 9], 4, { options: { scale: 1 / 128 }, device: 'own' }),
    noise([1, 3, 9, 9], 5, { tensor: 'own', device: 'own' }),
  ];

  it('is what the numbers say, on the screen', async () => {
    const page = await open();
    for (const last of [1, 3, 5]) {
      expect((await draw(page, 'page', drawings.slice(0, last))).error).toBeUndefined();
      // A busy machine shows it some frames later.
      await vi.waitFor(async () => expectShown(await onScreen(page), drawings[last - 1] as Drawing), {
        timeout: 30_000,
        interval: 100,
      });
    }
  });

  it('is what the numbers say, offscreen', async () => {
    const { shown, error } = await draw(await open(), 'offscreen', drawings);
    expect(error).toBeUndefined();
    expect(shown.map(({ width, height }) => [width, height])).toEqual([
      [31, 20],
      [70, 5],
      [64, 64],
      [9, 9],
      [9, 9],
    ]);
    drawings.forEach((drawing, i) => expectShown(shown[i]?.pixels, drawing));
  });

  it('lets through what is behind it where it is transparent', async () => {
    const colors = [0.2, 0.4, 0.6, 0.8];
    const opacity = [0, 0.5, 1, 1];
    const { shown } = await draw(await open(), 'offscreen', [
      { dims: [1, 4, 1, 4], data: [...colors, ...colors, ...colors, ...opacity] },
      { dims: [1, 3, 1, 4], data: [...colors, ...colors, ...colors] },
    ]);
    const [transparent = [], opaque = []] = shown.map(({ pixels }) => pixels);
    expect(transparent.slice(0, 4)).toEqual([0, 0, 0, 0]);
    [102, 102, 102, 128].forEach((byte, i) => expect(Math.abs(transparent[4 + i]! - byte)).toBeLessThanOrEqual(1));
    expect(transparent.slice(8)).toEqual([153, 153, 153, 255, 204, 204, 204, 255]);
    expect(opaque).toEqual(colors.flatMap((v) => [255 * v, 255 * v, 255 * v, 255]));
  });

  it('is refused on a canvas with another context, and beyond the textures of the GPU', async () => {
    const page = await open();
    for (const surface of ['taken', 'transferred'] as const) {
      const { error } = await draw(page, surface, [noise([1, 3, 2, 2])]);
      expect(error).toEqual({ code: 'invalid-argument', message: "the canvas gives no context 'webgpu'" });
    }
    const { error } = await draw(page, 'page', [{ dims: [1, 1, 1, 20_000], data: new Array(20_000).fill(0) }]);
    expect(error).toMatchObject({ code: 'limit-exceeded', message: expect.stringContaining('20000 x 1') });
  });

  it('is refused where it is of another device, and the next is drawn', async () => {
    const page = await open();
    const { error, shown } = await draw(page, 'page', [noise([1, 3, 2, 2]), noise([1, 3, 2, 2], 2, { tensor: 'own' })]);
    expect(error?.code).toBe('gpu-error');
    expect(shown).toHaveLength(1);
    expect((await draw(page, 'page', [noise([1, 3, 2, 2])])).error).toBeUndefined();
  });
});

/** A picture to a picture, as style transfer is. */
const pictureModel = (): string => {
  const net = new NetBuilder();
  const hidden = net.op('Relu', [net.conv(net.input('image', 'float32', [1, 3, HEIGHT, WIDTH]), 3, 8, 3)]);
  net.output(net.op('Sigmoid', [net.conv(hidden, 8, 3, 3)]));
  return Buffer.from(exportOnnx(net.build())).toString('base64');
};

describe('a frame, a model and a canvas', () => {
  it('hand each other pictures with no copy through the host', async () => {
    const page = await open();
    const result = await page.evaluate(
      async ([base64, width, height]) => {
        const { imageToTensor, InferenceSession, tensorToCanvas } = (globalThis as unknown as { tilewise: typeof Tilewise })
          .tilewise;
        const session = await InferenceSession.create(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        const source = new OffscreenCanvas(width, height);
        const context = source.getContext('2d') as OffscreenCanvasRenderingContext2D;
        const canvas = document.createElement('canvas');
        canvas.className = 'drawn';
        canvas.style.cssText = 'all: initial; position: fixed; left: 0; top: 0; z-index: 9';
        document.body.append(canvas);
        const name = session.outputNames[0] as string;
        let expected: number[] = [];
        const draw = async (turn: number): Promise<void> => {
          for (let i = 0; i < 8; i++) {
            context.fillStyle = `rgb(${30 * ((i + turn) % 8)} ${255 - 30 * i} ${(90 * i) % 256})`;
            context.fillRect(5 * i, 0, 5, height);
          }
          const frame = new VideoFrame(source, { timestamp: turn });
          const image = await imageToTensor(frame, { width, height });
          frame.close();
          const made = (await session.run({ image }, { outputLocation: 'gpu' }))[name] as Tilewise.Tensor;
          await tensorToCanvas(made, canvas);
          if (turn === 0) expected = [...((await made.getData()) as Float32Array)];
          image.dispose();
          made.dispose();
        };
        const host = { written: 0, read: 0 };
        const { writeBuffer } = GPUQueue.prototype;
        const { mapAsync } = GPUBuffer.prototype;
        await draw(1);
        GPUQueue.prototype.writeBuffer = function (this: GPUQueue, ...args: Parameters<typeof writeBuffer>) {
          host.written += (args[2] as ArrayBufferView).byteLength;
          return writeBuffer.apply(this, args);
        };
        GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, ...args: Parameters<typeof mapAsync>) {
          host.read++;
          return mapAsync.apply(this, args);
        };
        for (const turn of [2, 3]) await draw(turn);
        const counted = { ...host };
        GPUQueue.prototype.writeBuffer = writeBuffer;
        GPUBuffer.prototype.mapAsync = mapAsync;
        await draw(0);
        return { counted, expected };
      },
      [pictureModel(), WIDTH, HEIGHT] as const,
    );
    // Uniforms only: a picture has 3840 bytes.
    expect(result.counted.written).toBeGreaterThan(0);
    expect(result.counted.written).toBeLessThan(500);
    expect(result.counted.read).toBe(0);
    const expected = expectedPixels(result.expected, [1, 3, HEIGHT, WIDTH], {});
    const pixels = await onScreen(page);
    expect(pixels).toHaveLength(expected.length);
    pixels.forEach((byte, i) => expect(Math.abs(byte - expected[i]!), `byte ${i}`).toBeLessThanOrEqual(1));
    expect(new Set(pixels).size).toBeGreaterThan(20);
    await pages.screenshot(page, 'canvas-out');
  });
});
