import { afterEach, describe, expect, it } from 'vitest';
import { InferenceSession, type Tensor, TilewiseError } from '#tilewise';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { adoptDevice, type Device, openDevice } from '../../src/device/device.js';
import { exportOnnx } from '../../src/exporters/onnx.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { inferShapes } from '../../src/ops/infer.js';
import { platform } from '../../src/platform.js';
import { CALLS, FaultyDevice, faultsOf } from '../support/faults.js';
import { NetBuilder, randomFeeds } from '../support/graphs.js';

/** conv - relu - conv - pool - gemm - softmax. */
const bytes = ((): Uint8Array => {
  const b = new NetBuilder();
  const x = b.input('x', 'float32', [1, 3, 6, 6]);
  const y = b.conv(b.op('Relu', [b.conv(x, 3, 8, 3)]), 8, 8, 3);
  const pooled = b.op('Flatten', [b.op('MaxPool', [y], { kernel_shape: [2, 2], strides: [2, 2] })]);
  b.output(b.op('Softmax', [b.op('Gemm', [pooled, b.weight([72, 5]), b.weight([5])])]));
  return exportOnnx(inferShapes(b.build()));
})();
const [output] = importOnnx(bytes).outputs as [string];
const feeds = randomFeeds(new Map([['x', [1, 3, 6, 6]]]));
const x = feeds.get('x') as Tensor;
const expected = runGraph(importOnnx(bytes), feeds).get(output)?.data as Float32Array;

const expectRight = async (tensor: Tensor | undefined): Promise<void> => {
  const data = (await tensor?.getData()) as Float32Array;
  expect(data).toHaveLength(expected.length);
  data.forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 5));
};

const unhandled: unknown[] = [];
const note = (reason: unknown): unknown => unhandled.push(reason);
if (typeof process !== 'undefined' && process.on) process.on('unhandledRejection', note);
else globalThis.addEventListener('unhandledrejection', ({ reason }) => note(reason));

afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(unhandled.splice(0), 'rejections that nobody handled').toEqual([]);
});

const ownDevice = async (): Promise<{ device: Device; faults: FaultyDevice; gpu: GPUDevice }> => {
  const { gpu } = await openDevice(await platform().gpu(), '', platform().pause);
  const device = adoptDevice(gpu, { pause: platform().pause });
  return { device, faults: new FaultyDevice(device), gpu };
};

/** Loads, runs twice and releases; a wrong result fails the test, an error is returned. */
const useOnce = async (device: GPUDevice, outputLocation: 'cpu' | 'gpu'): Promise<unknown> => {
  let session: InferenceSession | undefined;
  const kept: Tensor[] = [];
  try {
    session = await InferenceSession.create(bytes, { device, outputLocation });
    for (let run = 0; run < 2; run++) {
      const tensor = (await session.run({ x }))[output] as Tensor;
      kept.push(tensor);
      await expectRight(tensor);
    }
    return undefined;
  } catch (error) {
    return error;
  } finally {
    for (const tensor of kept) tensor.dispose();
    await session?.release();
  }
};

const hangs = (what: string): Promise<never> =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`${what} hangs`)), 20_000).unref?.());

describe('no device call is made more often than this test knows', () => {
  it('counts', async () => {
    const { faults, gpu } = await ownDevice();
    expect(await useOnce(gpu, 'cpu')).toBeUndefined();
    expect(faults.live.size).toBe(0);
    for (const call of CALLS) expect(faults.counts.get(call), call).toBeGreaterThan(0);
  });
});

describe.each(['cpu', 'gpu'] as const)('a device call that fails, outputs on the %s', (location) => {
  it.each(CALLS.flatMap((call) => faultsOf(call).map((fault) => ({ call, fault }))))('$call: $fault', async ({ call, fault }) => {
    let { faults, gpu } = await ownDevice();
    for (let k = 0; ; k++) {
      // Compiled pipelines stay with the device: a new one compiles them again.
      if (k > 0 && (fault === 'lost' || call.startsWith('createShader') || call.startsWith('createCompute'))) {
        if (fault !== 'lost') gpu.destroy();
        ({ faults, gpu } = await ownDevice());
      }
      const what = `call ${k} of ${call}: ${fault}`;
      faults.arm(call, k, fault);
      const error = await Promise.race([useOnce(gpu, location), hangs(what)]);
      const { fired } = faults;
      faults.disarm();
      if (fired === 0) {
        expect(error, what).toBeUndefined();
        expect(k, `${call} is never called`).toBeGreaterThan(0);
        break;
      }
      // Memory that ran out for a moment is asked for once more; a device lost after the last wait harms nothing.
      if (error !== undefined || (fault !== 'out-of-memory' && fault !== 'lost')) {
        expect(error, what).toBeInstanceOf(TilewiseError);
        const codes =
          fault === 'lost' ? ['device-lost'] : fault === 'out-of-memory' ? ['limit-exceeded', 'gpu-error'] : ['gpu-error'];
        expect(codes, `${what}: ${(error as Error).message}`).toContain((error as TilewiseError).code);
      }
      expect(faults.live.size, `${what} leaves buffers`).toBe(0);
      if (fault !== 'lost') {
        expect(await Promise.race([useOnce(gpu, location), hangs('the next session')]), `after ${what}`).toBeUndefined();
      }
    }
    gpu.destroy();
  });
});

describe('memory', () => {
  it('that does not come back gives a typed error', async () => {
    const { faults, gpu } = await ownDevice();
    faults.arm('createBuffer', 0, 'out-of-memory', 1000);
    expect(await useOnce(gpu, 'cpu')).toMatchObject({ name: 'TilewiseError', code: 'limit-exceeded' });
    expect(faults.live.size).toBe(0);
    gpu.destroy();
  });

  it('that comes back is used', async () => {
    const { faults, gpu } = await ownDevice();
    faults.arm('createBuffer', 2, 'out-of-memory');
    expect(await useOnce(gpu, 'cpu')).toBeUndefined();
    expect(faults.fired).toBe(1);
    gpu.destroy();
  });

  it('is shared by two sessions of one graph, and freed with the last', async () => {
    const { faults, gpu } = await ownDevice();
    const [a, b] = await Promise.all([0, 1].map(() => InferenceSession.create(bytes, { device: gpu })));
    await a?.release();
    await expectRight((await b?.run({ x }))?.[output]);
    await b?.release();
    expect(faults.live.size).toBe(0);
    gpu.destroy();
  });

  it('does not grow over 2,000 runs', async () => {
    const { faults, gpu } = await ownDevice();
    const session = await InferenceSession.create(bytes, { device: gpu });
    for (let run = 0; run < 10; run++) await session.run({ x });
    const created = faults.counts.get('createBuffer');
    const live = faults.live.size;
    for (let run = 0; run < 2000; run++) await session.run({ x });
    await expectRight((await session.run({ x }))[output]);
    expect(faults.counts.get('createBuffer')).toBe(created);
    expect(faults.live.size).toBe(live);
    await session.release();
    expect(faults.live.size).toBe(0);
    gpu.destroy();
  });
});
