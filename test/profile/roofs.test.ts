import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import type { Device } from '../../src/device/device.js';
import { PassHolder } from '../../src/device/pass-holder.js';
import { clockOf, timeSteps } from '../../src/device/timed-run.js';
import { BufferUsage } from '../../src/device/usage.js';
import { aluKernel, copyKernel, launchKernel, measureRoofs, type RoofKernel } from '../../src/profile/roofs.js';
import { compareNumbers } from '../../src/tensor/compare.js';
import { testDevice } from '../support/device.js';

const buffer = (device: Device, words: Uint32Array): GPUBuffer => {
  const made = device.gpu.createBuffer({
    size: words.byteLength,
    usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST,
  });
  device.gpu.queue.writeBuffer(made, 0, words as BufferSource);
  return made;
};

/** What is in a buffer after some dispatches of a kernel. */
const resultOf = async (device: Device, { step, release }: RoofKernel, repeats: number, y: GPUBuffer): Promise<ArrayBuffer> => {
  const { gpu } = device;
  const staging = gpu.createBuffer({ size: y.size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  await device.guarded('the kernel', () => {
    const encoder = gpu.createCommandEncoder();
    const pass = new PassHolder(encoder);
    for (let i = 0; i < repeats; i++) step.encode(encoder, pass);
    pass.end();
    encoder.copyBufferToBuffer(y, 0, staging, 0, y.size);
    gpu.queue.submit([encoder.finish()]);
  });
  await device.wait(staging.mapAsync(1));
  const bytes = staging.getMappedRange().slice(0);
  for (const one of [staging, y]) one.destroy();
  release();
  return bytes;
};

/** The chains of roof-alu in float64, one step after the other. */
const chains = (invocation: number, turns: number): number => {
  let sum = 0;
  for (let k = 0; k < 16; k++) {
    let s = ((invocation % 64) + k) / 64;
    for (let step = 0; step < 4 * turns; step++) s = s * 0.999 + 0.002;
    sum += s;
  }
  return sum;
};

describe('the kernels of the roofs', () => {
  it('do every multiply-add', async () => {
    const device = await testDevice();
    const y = buffer(device, new Uint32Array(2 * 64));
    const actual = new Float32Array(await resultOf(device, await aluKernel(device, y, 37, 2), 1, y));
    const expected = Array.from(actual, (_, i) => chains(i, 37));
    expect(compareNumbers(actual, expected, { atol: 0, rtol: 1e-5 })).toMatchObject({ equal: true });
    const oneStepLess = expected.map((_, i) => chains(i, 36));
    expect(compareNumbers(actual, oneStepLess, { atol: 0, rtol: 1e-5 }).differing).toBeGreaterThan(100);
  });

  it.each([16, 1024, 16 * 129])('copy %i bytes', async (bytes) => {
    const device = await testDevice();
    const next = random(bytes);
    const words = Uint32Array.from({ length: bytes / 4 + 4 }, () => 2 ** 32 * next());
    const x = buffer(device, words);
    const y = buffer(device, new Uint32Array(bytes / 4 + 4).fill(7));
    const actual = new Uint32Array(await resultOf(device, await copyKernel(device, x, y, bytes), 1, y));
    x.destroy();
    expect([...actual]).toEqual([...words.slice(0, bytes / 4), 7, 7, 7, 7]);
  });

  it('wait for each other', async () => {
    const device = await testDevice();
    const y = buffer(device, new Uint32Array(4));
    const actual = new Uint32Array(await resultOf(device, await launchKernel(device, y), 1000, y));
    expect([...actual]).toEqual([1000, 0, 0, 0]);
  });
});

describe('measureRoofs', () => {
  it.each(['timestamp-query', 'host-clock'] as const)('measures with %s', async (clock) => {
    const device = await testDevice();
    expect(clockOf(device)).toBe('timestamp-query');
    const roofs = await measureRoofs(device, { quick: true, clock });
    for (const figure of Object.values(roofs)) expect(Number.isFinite(figure) && figure > 0).toBe(true);
    expect(Object.keys(roofs)).toEqual(['aluGflops', 'memoryGBs', 'launchMicroseconds']);
  });

  it('stops when its signal fires', async () => {
    const measuring = measureRoofs(await testDevice(), { quick: true, signal: AbortSignal.abort() });
    await expect(measuring).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('timeSteps', () => {
  it('times more steps than a query set holds', async () => {
    const device = await testDevice();
    const y = buffer(device, new Uint32Array(4));
    const { step, release } = await launchKernel(device, y);
    const times = await timeSteps(device, new Array(600).fill({ ...step, repeats: 2 }));
    expect(times).toHaveLength(600);
    expect(times.every((ms) => ms >= 0 && ms < 60_000)).toBe(true);
    release();
    y.destroy();
  });
});
