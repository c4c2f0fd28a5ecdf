import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Page, Route } from 'playwright';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { NetBuilder } from '../../bench/support/net-builder.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { servePages } from './support.js';

/** A node_modules folder with onnxruntime-web and @tensorflow/tfjs-core with its backends: too large to be installed for all. */
const folder = process.env['TILEWISE_PEERS'];
const pages = servePages();

const CDN = 'https://cdn.jsdelivr.net/npm/';
const CORE = '@tensorflow/tfjs-core';
const TYPES: Readonly<Record<string, string>> = {
  '.mjs': 'text/javascript',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** A package as one ES module, as the network serves it: the core of TensorFlow.js stays a module of its own. */
const bundled = async (name: string, version: string): Promise<string> => {
  const root = folder as string;
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      minify: false,
      lib: { entry: join(root, name, 'dist/index.js'), formats: ['es'] },
      rolldownOptions: {
        external: (id) => name !== CORE && id.startsWith(CORE),
        output: { paths: (id) => (id.startsWith(CORE) ? `${CDN}${CORE}@${version}/+esm` : id) },
      },
    },
  });
  const [output] = [result].flat();
  if (!output || !('output' in output)) throw new Error(`${name} was not built`);
  return output.output[0].code;
};

const answer = async (route: Route): Promise<void> => {
  const [, name = '', version = '', path = ''] = /npm\/((?:@[^/]+\/)?[^@/]+)@([^/]+)\/(.*)$/.exec(route.request().url()) ?? [];
  const headers = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' };
  if (path === '+esm') {
    await route.fulfill({ body: await bundled(name, version), headers: { ...headers, 'content-type': 'text/javascript' } });
    return;
  }
  const file = join(folder as string, name, path);
  if (!existsSync(file)) return await route.fulfill({ status: 404, headers });
  const contentType = TYPES[extname(file)] ?? 'application/octet-stream';
  await route.fulfill({ body: await readFile(file), headers: { ...headers, 'content-type': contentType } });
};

/** Every operator that this page calls TensorFlow.js for, with windows that reach over the border. */
const everything = (): Uint8Array => {
  const net = new NetBuilder();
  const image = net.input('image', 'float32', [1, 3, 19, 17]);
  const norm = (x: string, channels: number): string => net.batchNormalization(x, channels);
  const stem = net.op('Relu', [norm(net.conv(image, 3, 8, 3, { strides: [2, 2] }), 8)]);
  const deep = net.op('Clip', [net.conv(stem, 8, 8, 3, { group: 8 })], { min: 0, max: 6 });
  const grouped = net.op('LeakyRelu', [net.conv(deep, 8, 12, 3, { group: 2, dilations: [2, 2], pads: [2, 2, 2, 2] })]);
  const gate = net.op('Sigmoid', [net.op('GlobalAveragePool', [grouped])]);
  const gated = net.op('Mul', [grouped, gate]);
  const most = net.op('MaxPool', [gated], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0], ceil_mode: true });
  const window = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 0, 0], ceil_mode: true };
  const mean = net.op('AveragePool', [gated], window);
  const all = net.op('AveragePool', [gated], { ...window, ceil_mode: false, count_include_pad: true, pads: [1, 1, 1, 1] });
  const joined = net.op('Concat', [net.op('Identity', [most]), mean, all], { axis: 1 });
  const scores = net.op('Softmax', [net.op('Tanh', [joined])], { axis: 1 });
  const sum = net.op('Sub', [net.op('Add', [joined, scores]), net.op('Div', [scores, net.values([], [3])])]);
  const rows = net.op('Transpose', [net.op('Reshape', [sum, net.ints(1, 36, 25)])], { perm: [0, 2, 1] });
  const mixed = net.op('MatMul', [net.op('Dropout', [rows]), net.weight([36, 6])]);
  const flat = net.op('Flatten', [net.op('Exp', [net.op('Neg', [net.op('Sigmoid', [mixed])])])]);
  const scaled = net.op('Gemm', [net.op('Sqrt', [flat]), net.weight([10, 150]), net.weight([10])], { transB: true, alpha: 0.5 });
  net.output(net.op('Softmax', [net.op('Unsqueeze', [scaled, net.ints(0)])]));
  return exportOnnx(net.build());
};

const status = (page: Page): Promise<string | null> => page.textContent('#peer-status');

const open = async (): Promise<Page> => {
  const page = await pages.open('index.html', { prepare: (p) => p.context().route(`${CDN}**`, answer) });
  await expect.poll(() => page.textContent('#status'), { timeout: 60_000 }).toBe('Ready.');
  const buffer = Buffer.from(everything());
  await page.setInputFiles('#model-file', { name: 'everything.onnx', mimeType: 'application/octet-stream', buffer });
  await expect.poll(() => page.locator('#peer-model option').allTextContents()).toContain('everything');
  return page;
};

/** onnxruntime-web's convolutions go wrong on some software adapters: then the reference has the last word. */
const BORNE_OUT = /: the outputs agree, by|The CPU reference agrees with Tilewise\.$/;

describe.runIf(folder)('side by side with the libraries themselves', () => {
  it.each([
    ['onnxruntime-web', 'webgpu'],
    ['onnxruntime-web', 'wasm'],
    ['tensorflow', 'webgpu'],
    ['tensorflow', 'wasm'],
  ])('agrees with %s on %s', async (library, backend) => {
    const page = await open();
    await page.selectOption('#peer-library', library);
    await page.selectOption('#peer-backend', backend);
    const found: string[] = [];
    for (const model of ['', 'everything', 'lenet5']) {
      await page.selectOption('#peer-model', model);
      await page.click('#peer-run');
      const work = model === '' ? 'matrix product, 512 x 512 x 512' : model;
      await expect.poll(() => status(page), { timeout: 100_000 }).toMatch(new RegExp(`^${work}: |could not|Hint`));
      found.push((await status(page)) ?? '');
      const rows = await page.locator('#peer-rows tr td:first-child').allTextContents();
      expect(rows).toEqual(['Tilewise', `${library === 'tensorflow' ? 'TensorFlow.js' : library}, ${backend}`]);
    }
    expect(found).toEqual(found.map(() => expect.stringMatching(BORNE_OUT)));
    expect(found[0]).toContain('the outputs agree');
    await page.locator('#peer-title').scrollIntoViewIfNeeded();
    await pages.screenshot(page, `peer-${library}-${backend}`);
  });
});
