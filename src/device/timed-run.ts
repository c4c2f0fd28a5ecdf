import { throwIfAborted } from '../errors.js';
import type { Device } from './device.js';
import { PassHolder } from './pass-holder.js';
import { BufferUsage, MAP_READ_MODE } from './usage.js';

/** How GPU time is told: by the GPU's own timestamps, or by the host's clock around a submit of each step. */
export type GpuClock = 'timestamp-query' | 'host-clock';

/** Work whose GPU time is wanted: a dispatch, which goes into the pass, or a copy, which goes into the encoder. */
export interface TimedStep {
  readonly encode: (encoder: GPUCommandEncoder, pass: PassHolder) => void;
  readonly isDispatch: boolean;
  /** How often it is encoded, one after the other. */
  readonly repeats: number;
}

export interface TimingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Instead of the best clock that the device has. */
  readonly clock?: GpuClock | undefined;
  /** Milliseconds of the host's clock; `performance.now` where absent. */
  readonly now?: (() => number) | undefined;
}

/** The clock that a device offers. */
export const clockOf = (device: Device): GpuClock =>
  device.gpu.features.has('timestamp-query') ? 'timestamp-query' : 'host-clock';

/** Steps whose timestamps one query set holds. */
const STEPS_AT_ONCE = 512;

/**
 * Milliseconds that the GPU takes for each step with all its repeats. Every step is a submit of its own, so that none is
 * long; with timestamps they are waited for together. Times are as coarse as the clock: browsers round timestamps to
 * 0.1 ms, so short steps want repeats.
 */
export const timeSteps = async (device: Device, steps: readonly TimedStep[], options: TimingOptions = {}): Promise<number[]> => {
  if ((options.clock ?? clockOf(device)) === 'host-clock') return await timeBySubmits(device, steps, options);
  const times: number[] = [];
  for (let from = 0; from < steps.length; from += STEPS_AT_ONCE) {
    throwIfAborted(options.signal);
    times.push(...(await timeByTimestamps(device, steps.slice(from, from + STEPS_AT_ONCE))));
  }
  return times;
};

const timeByTimestamps = async (device: Device, steps: readonly TimedStep[]): Promise<number[]> => {
  const { gpu } = device;
  const bytes = 16 * steps.length;
  const querySet = gpu.createQuerySet({ type: 'timestamp', count: 2 * steps.length });
  const resolved = gpu.createBuffer({ size: bytes, usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC });
  const staging = gpu.createBuffer({ size: bytes, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  try {
    await device.guarded('timing the model', () => {
      for (const [i, step] of steps.entries()) gpu.queue.submit([encodeTimed(gpu, step, querySet, 2 * i)]);
      const encoder = gpu.createCommandEncoder();
      encoder.resolveQuerySet(querySet, 0, 2 * steps.length, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
      gpu.queue.submit([encoder.finish()]);
    });
    await device.wait(staging.mapAsync(MAP_READ_MODE));
    const stamps = new BigUint64Array(staging.getMappedRange());
    return steps.map((_, i) => Math.max(0, Number(BigInt.asIntN(64, (stamps[2 * i + 1] ?? 0n) - (stamps[2 * i] ?? 0n))) / 1e6));
  } finally {
    querySet.destroy();
    resolved.destroy();
    staging.destroy();
  }
};

const encodeTimed = (gpu: GPUDevice, step: TimedStep, querySet: GPUQuerySet, at: number): GPUCommandBuffer => {
  const encoder = gpu.createCommandEncoder();
  // A copy has no timestamps of its own: it stands between two empty passes that have.
  const stamp = (timestampWrites: GPUComputePassTimestampWrites): void => encoder.beginComputePass({ timestampWrites }).end();
  const both = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  if (!step.isDispatch) stamp({ querySet, endOfPassWriteIndex: at });
  const pass = new PassHolder(encoder, step.isDispatch ? { timestampWrites: both } : {});
  if (step.isDispatch) pass.open;
  for (let i = 0; i < step.repeats; i++) step.encode(encoder, pass);
  pass.end();
  if (!step.isDispatch) stamp({ querySet, beginningOfPassWriteIndex: at + 1 });
  return encoder.finish();
};

/** Steps between two submits that do nothing: the median of what those take is taken off every step. */
const STEPS_AN_EMPTY_SUBMIT = 4;

const timeBySubmits = async (
  device: Device,
  steps: readonly TimedStep[],
  { signal, now = () => performance.now() }: TimingOptions,
): Promise<number[]> => {
  const { gpu } = device;
  const source = gpu.createBuffer({ size: 16, usage: BufferUsage.COPY_SRC });
  const marker = gpu.createBuffer({ size: 16, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  const timed = async (step: TimedStep | undefined): Promise<number> => {
    throwIfAborted(signal);
    const encoder = gpu.createCommandEncoder();
    const pass = new PassHolder(encoder);
    for (let i = 0; step && i < step.repeats; i++) step.encode(encoder, pass);
    pass.end();
    encoder.copyBufferToBuffer(source, 0, marker, 0, 16);
    const commands = encoder.finish();
    const started = now();
    gpu.queue.submit([commands]);
    // A mapping is answered sooner than onSubmittedWorkDone.
    await device.wait(marker.mapAsync(MAP_READ_MODE));
    const ms = now() - started;
    marker.unmap();
    return ms;
  };
  try {
    const empty: number[] = [];
    const times: number[] = [];
    for (const [i, step] of steps.entries()) {
      if (i % STEPS_AN_EMPTY_SUBMIT === 0) empty.push(await timed(undefined));
      times.push(await timed(step));
    }
    const overhead = medianOf(empty);
    device.throwFailure();
    return times.map((ms) => Math.max(0, ms - overhead));
  } finally {
    source.destroy();
    marker.destroy();
  }
};

/** A step whose repeats are chosen so that a clock can tell them. */
export interface RepeatedStep extends Omit<TimedStep, 'repeats'> {
  /** Milliseconds that its repeats should take together, where not as the other steps. */
  readonly target?: number;
}

export interface RepeatOptions extends TimingOptions {
  /** Milliseconds that the repeats of a step should take together. */
  readonly target: number;
  readonly rounds: number;
  /** Ends before all rounds are done where the samples so far are enough. */
  readonly isEnough?: (samples: readonly (readonly number[])[]) => boolean;
  readonly onRound?: (round: number, rounds: number) => void;
}

const MOST_REPEATS = 1024;
/** What a step is taken to last at least while only the coarse clock has been asked, in milliseconds. */
const SHORTEST = 0.02;

/**
 * Milliseconds of GPU time of each step, once, in each of some rounds over all steps: repeated until `target` is reached.
 * Steps must be ones that may be repeated.
 */
export const sampleRepeated = async (
  device: Device,
  steps: readonly RepeatedStep[],
  { target, rounds, isEnough = () => false, onRound, ...options }: RepeatOptions,
): Promise<number[][]> => {
  let repeats = steps.map(() => 1);
  const round = async (): Promise<number[]> => {
    const timed = steps.map((step, i) => ({ ...step, repeats: repeats[i] as number }));
    const times = await timeSteps(device, timed, options);
    return times.map((ms, i) => ms / (repeats[i] as number));
  };
  for (const most of [32, MOST_REPEATS]) {
    const wanted = (await round()).map((ms, i) => (steps[i]?.target ?? target) / Math.max(ms, SHORTEST));
    repeats = wanted.map((count) => Math.min(most, Math.max(1, Math.ceil(count))));
  }
  const all: number[][] = [];
  for (let i = 0; i < rounds && !isEnough(all); i++) {
    onRound?.(i, rounds);
    all.push(await round());
  }
  return all;
};

/** The median of those rounds, of each step. */
export const timeRepeated = async (device: Device, steps: readonly RepeatedStep[], options: RepeatOptions): Promise<number[]> => {
  const all = await sampleRepeated(device, steps, options);
  return steps.map((_, i) => medianOf(all.map((times) => times[i] as number)));
};

export const medianOf = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};
