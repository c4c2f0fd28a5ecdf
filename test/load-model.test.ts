import { afterEach, describe, expect, it, vi } from 'vitest';
import { NetBuilder } from '../bench/support/net-builder.js';
import { exportOnnx } from '../src/exporters/onnx.js';

/** What a page has at hand before it meets a model; the other tests have everything. */
const freshPage = async () => {
  vi.resetModules();
  const [{ loadModel }, { loweringOf }] = await Promise.all([import('../src/load-model.js'), import('../src/kernels/select.js')]);
  return { loadModel, isFetched: () => loweringOf('Cast') !== undefined };
};

const model = (build: (net: NetBuilder, x: string) => string): Uint8Array => {
  const net = new NetBuilder();
  net.output(build(net, net.input('x', 'float32', [2, 3, 4])));
  return exportOnnx(net.build());
};

describe('loadModel', () => {
  afterEach(() => vi.resetModules());

  it.each([
    ['Flatten', (net: NetBuilder, x: string) => net.op('Flatten', [net.op('Exp', [x])])],
    ['Reshape', (net: NetBuilder, x: string) => net.op('Exp', [net.op('Reshape', [x, net.ints(4, 6)])])],
    ['Unsqueeze', (net: NetBuilder, x: string) => net.op('Exp', [net.op('Unsqueeze', [x, net.ints(0)])])],
  ])('fetches no lowerings for %s, which has none', async (_, build) => {
    const page = await freshPage();
    await page.loadModel(model(build));
    expect(page.isFetched()).toBe(false);
  });

  it('fetches the lowerings of operators that few models have', async () => {
    const page = await freshPage();
    await page.loadModel(model((net, x) => net.op('Tile', [net.op('Exp', [x]), net.ints(1, 1, 2)])));
    expect(page.isFetched()).toBe(true);
  });
});
