import { roofAlu, roofLaunch, roofMemory } from '../../shaders/roofs.js';
import type { Device } from '../device/device.js';
import { type GpuClock, medianOf, type TimedStep, timeSteps } from '../device/timed-run.js';
import { BufferUsage } from '../device/usage.js';
import { TilewiseError, throwIfAborted } from '../errors.js';
import type { Kernel } from '../kernels/kernel.js';
import { packParams, reflect } from '../kernels/specialize.js';
import type { PlanPipeline } from '../plan/plan.js';

/** What an adapter can do at most, as measured: the limits that a kernel is held against. */
export interface Roofs {
  /** Float32 multiply-adds, each counted as 2 operations, in GFLOP/s: chains that do not wait for each other. */
  readonly aluGflops: number;
  /** A copy of memory larger than the caches, bytes read and bytes written together, in GB/s. */
  readonly memoryGBs: number;
  /** One dispatch of a single invocation that waits for the one ahead of it, in microseconds. */
  readonly launchMicroseconds: number;
}

export interface RoofOptions {
  /** Less work: some tenths of a second, and figures that vary more. */
  readonly quick?: boolean;
  readonly signal?: AbortSignal;
  /** Instead of the best clock that the device has. */
  readonly clock?: GpuClock;
}

/**
 * Measures an adapter (Williams, Waterman and Patterson, "Roofline", 2009) with kernels of its own. Each measurement grows
 * until it lasts long enough for the clock, and takes the best of some rounds.
 */
export const measureRoofs = async (device: Device, options: RoofOptions = {}): Promise<Roofs> => ({
  aluGflops: await aluRoof(device, options),
  memoryGBs: await memoryRoof(device, options),
  launchMicroseconds: await launchRoof(device, options),
});

/** A kernel of this file with its buffers, ready to be dispatched. */
export interface RoofKernel {
  readonly step: Omit<TimedStep, 'repeats'>;
  readonly release: () => void;
}

interface RoofDispatch {
  readonly kernel: Kernel;
  readonly params: Readonly<Record<string, number>>;
  readonly storage: readonly GPUBuffer[];
  readonly workgroups: readonly [number, number];
}

const prepare = async (
  device: Device,
  { kernel: { name, wgsl }, params, storage, workgroups }: RoofDispatch,
): Promise<RoofKernel> => {
  const { gpu } = device;
  const bindings = reflect(wgsl).bindings as PlanPipeline['bindings'];
  const { pipeline, layout } = await device.wait(device.pipelines.get({ kernel: name, code: wgsl, constants: {}, bindings }));
  const bytes = packParams(wgsl, params);
  const uniform = gpu.createBuffer({ size: bytes.byteLength, usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST });
  gpu.queue.writeBuffer(uniform, 0, bytes as BufferSource);
  const entries = [uniform, ...storage].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = gpu.createBindGroup({ layout, entries });
  const encode: TimedStep['encode'] = (_, pass) => {
    pass.open.setPipeline(pipeline);
    pass.open.setBindGroup(0, group);
    pass.open.dispatchWorkgroups(...workgroups);
  };
  return { step: { encode, isDispatch: true }, release: () => uniform.destroy() };
};

/** The least milliseconds of one step of `repeats`, of some rounds. */
const bestOf = async (
  device: Device,
  step: Omit<TimedStep, 'repeats'>,
  repeats: number,
  options: RoofOptions,
): Promise<number> => {
  const { quick = false, signal, clock } = options;
  const rounds = Array.from({ length: quick ? 3 : 7 }, () => ({ ...step, repeats }));
  const times = (await timeSteps(device, rounds, { signal, clock })).filter((ms) => ms > 0);
  if (times.length > 0) return Math.min(...times);
  throw new TilewiseError('gpu-error', "the GPU's clock does not advance: its roofs cannot be measured");
};

/** Between the milliseconds at which a measurement is taken to be long enough, and what a submit may take. */
const longEnough = ({ quick = false }: RoofOptions): number => (quick ? 4 : 25);

const ALU_GROUPS = { gpu: 4096, cpu: 64 } as const;
const CHAINS = 16;
const STEPS_PER_TURN = 4;
/** A chain s <- s * A + B settles at B / (1 - A), far from what could overflow or become subnormal. */
const A = 0.999;
const B = 0.002;

/** The values that `roof-alu` computes. Exported for the tests, which hold it against a reference. */
export const aluKernel = async (device: Device, y: GPUBuffer, turns: number, groups: number): Promise<RoofKernel> =>
  await prepare(device, {
    kernel: { name: 'roof-alu', wgsl: roofAlu },
    params: { steps: turns, a: A, b: B },
    storage: [y],
    workgroups: [groups, 1],
  });

const aluRoof = async (device: Device, options: RoofOptions): Promise<number> => {
  const groups = ALU_GROUPS[device.facts.kind];
  const y = await storageBuffer(device, 4 * 64 * groups);
  try {
    for (let turns = 64; ; turns *= 2) {
      throwIfAborted(options.signal);
      const { step, release } = await aluKernel(device, y, turns, groups);
      try {
        const first = await bestOf(device, step, 1, { ...options, quick: true });
        if (first < longEnough(options) && turns < 2 ** 20) continue;
        const ms = Math.min(first, await bestOf(device, step, 1, options));
        return (2 * CHAINS * STEPS_PER_TURN * turns * 64 * groups) / ms / 1e6;
      } finally {
        release();
      }
    }
  } finally {
    y.destroy();
  }
};

const MiB = 2 ** 20;

/** Copies x to y, both of `bytes` (a multiple of 16), in one dispatch. */
export const copyKernel = async (device: Device, x: GPUBuffer, y: GPUBuffer, bytes: number): Promise<RoofKernel> => {
  const groups = Math.ceil(bytes / 16 / 64);
  const rows = Math.ceil(groups / device.facts.limits.maxComputeWorkgroupsPerDimension);
  return await prepare(device, {
    kernel: { name: 'roof-memory', wgsl: roofMemory },
    params: { count: bytes / 16 },
    storage: [x, y],
    workgroups: [Math.ceil(groups / rows), rows],
  });
};

const memoryRoof = async (device: Device, options: RoofOptions): Promise<number> => {
  const { buffers, bytes } = await copyBuffers(device, options);
  try {
    const [x, y] = buffers;
    const { step, release } = await copyKernel(device, x, y, bytes);
    try {
      let repeats = 1;
      // At least 1 GB is moved on a GPU; the caches of a CPU are small, and its memory slow.
      while (device.facts.kind === 'gpu' && 2 * bytes * repeats < 1e9) repeats *= 2;
      while ((await bestOf(device, step, repeats, { ...options, quick: true })) < longEnough(options) && repeats < 4096)
        repeats *= 2;
      return (2 * bytes * repeats) / (await bestOf(device, step, repeats, options)) / 1e6;
    } finally {
      release();
    }
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
};

/** As large as the caches want it and the device allows; half of it where memory is short. */
const copyBuffers = async (
  device: Device,
  { quick }: RoofOptions,
): Promise<{ buffers: [GPUBuffer, GPUBuffer]; bytes: number }> => {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.facts.limits;
  const wanted = device.facts.kind === 'gpu' ? (quick ? 128 : 512) * MiB : (quick ? 16 : 64) * MiB;
  const most = Math.floor(Math.min(wanted, maxBufferSize, maxStorageBufferBindingSize) / 16) * 16;
  for (let bytes = most; ; bytes = Math.floor(bytes / 32) * 16) {
    const made: GPUBuffer[] = [];
    try {
      for (let i = 0; i < 2; i++) made.push(await storageBuffer(device, bytes));
      return { buffers: made as [GPUBuffer, GPUBuffer], bytes };
    } catch (error) {
      for (const buffer of made) buffer.destroy();
      if (!(error instanceof TilewiseError) || error.code !== 'limit-exceeded' || bytes < MiB) throw error;
    }
  }
};

const storageBuffer = async (device: Device, size: number): Promise<GPUBuffer> =>
  await device.guarded('measuring the adapter', () =>
    device.gpu.createBuffer({ size, usage: BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST }),
  );

/** Adds 1 to the u32 in y. */
export const launchKernel = async (device: Device, y: GPUBuffer): Promise<RoofKernel> =>
  await prepare(device, {
    kernel: { name: 'roof-launch', wgsl: roofLaunch },
    params: { amount: 1 },
    storage: [y],
    workgroups: [1, 1],
  });

const LAUNCHES = 1000;

const launchRoof = async (device: Device, options: RoofOptions): Promise<number> => {
  const y = await storageBuffer(device, 16);
  try {
    const { step, release } = await launchKernel(device, y);
    try {
      const { quick = false, signal, clock } = options;
      const rounds = Array.from({ length: quick ? 3 : 9 }, () => ({ ...step, repeats: LAUNCHES }));
      return (1000 * medianOf(await timeSteps(device, rounds, { signal, clock }))) / LAUNCHES;
    } finally {
      release();
    }
  } finally {
    y.destroy();
  }
};
