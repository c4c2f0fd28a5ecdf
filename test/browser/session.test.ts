import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { runGraph } from '../../kernels-ref/run-graph.js';
import modelUrl from '../../models/lenet5.onnx?url';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { InferenceSession, Tensor } from '../../src/index.js';
import { compareNumbers, tolerances } from '../../src/tensor/compare.js';

const url = new URL(modelUrl, location.href);

const pictures = (count: number, seed = 1): Tensor => {
  const next = random(seed);
  return new Tensor('float32', Float32Array.from({ length: count * 784 }, next), [count, 1, 28, 28]);
};

const expected = async (input: Tensor): Promise<ArrayLike<number>> => {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return runGraph(importOnnx(bytes), new Map([['input', input]])).get('logits')?.data as Float32Array;
};

const expectEqual = async (input: Tensor, actual: Tensor | undefined): Promise<void> => {
  const data = (await actual?.getData()) as Float32Array;
  expect(compareNumbers(data, await expected(input), { ...tolerances.reduction, atol: 1e-4 })).toMatchObject({
    equal: true,
    size: input.dims[0]! * 10,
  });
};

const ownDevice = async (): Promise<GPUDevice> => {
  const adapter = await navigator.gpu.requestAdapter();
  return (await adapter?.requestDevice()) as GPUDevice;
};

describe('a session in a browser', () => {
  it('loads a model by URL and runs it as the CPU reference does', async () => {
    const session = await InferenceSession.create(url);
    const input = pictures(3);
    await expectEqual(input, (await session.run({ input })).logits);
    expect(session.inputMetadata).toEqual([{ name: 'input', isTensor: true, type: 'float32', shape: ['batch', 1, 28, 28] }]);
    await session.release();
  });

  it('loads a model from bytes, onto a device of the application', async () => {
    const device = await ownDevice();
    const session = await InferenceSession.create(await (await fetch(url)).arrayBuffer(), { device });
    const input = pictures(1, 2);
    await expectEqual(input, (await session.run({ input })).logits);
    await session.release();
    device.destroy();
  });

  it('leaves outputs on the GPU where told to', async () => {
    const session = await InferenceSession.create(url, { outputLocation: 'gpu' });
    const input = pictures(2, 3);
    const { logits } = await session.run({ input });
    expect(logits?.location).toBe('gpu');
    await expectEqual(input, logits);
    logits?.dispose();
    await session.release();
  });

  it('says that the device was lost, and works again with a new session', async () => {
    const device = await ownDevice();
    const session = await InferenceSession.create(url, { device });
    device.destroy();
    await device.lost;
    await expect(session.run({ input: pictures(1) })).rejects.toMatchObject({ name: 'TilewiseError', code: 'device-lost' });
    const again = await InferenceSession.create(url);
    const input = pictures(1, 4);
    await expectEqual(input, (await again.run({ input })).logits);
    await again.release();
  });

  it('names what is missing', async () => {
    await expect(InferenceSession.create(new URL('no-such-model.onnx?raw=1', url))).rejects.toMatchObject({
      name: 'TilewiseError',
    });
    await expect(InferenceSession.create(new Uint8Array(0))).rejects.toMatchObject({ code: 'invalid-model' });
    await expect(InferenceSession.create(new TextEncoder().encode('<!doctype html><p>Not found</p>'))).rejects.toThrow(/HTML/i);
  });
});
