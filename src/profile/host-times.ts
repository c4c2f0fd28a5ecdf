import type { Device } from '../device/device.js';
import type { Executable } from '../device/executable.js';
import { PassHolder } from '../device/pass-holder.js';
import { medianOf } from '../device/timed-run.js';
import { BufferUsage, MAP_READ_MODE } from '../device/usage.js';
import { throwIfAborted } from '../errors.js';
import type { Tensor } from '../tensor/tensor.js';

/** Milliseconds of the host's clock, medians. */
export interface HostTimes {
  /** A run as the application sees it: from the feeds to the outputs in the host's memory. */
  readonly totalMs: number;
  /** Writing the inputs and recording the commands. */
  readonly encodeMs: number;
  /** Closing the encoder and handing it to the queue. */
  readonly submitMs: number;
  /** From there until the GPU is done. */
  readonly waitMs: number;
}

/** Runs the plan some times as an application does, and as often step by step. */
export const timeHost = async (
  executable: Executable,
  device: Device,
  feeds: ReadonlyMap<string, Tensor>,
  { runs, signal }: { readonly runs: number; readonly signal?: AbortSignal | undefined },
): Promise<HostTimes> => {
  const fetches = executable.plan.outputs.map(({ name }) => name);
  const totals: number[] = [];
  const parts: (readonly [encode: number, submit: number, wait: number])[] = [];
  const marker = device.gpu.createBuffer({ size: 16, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  const source = device.gpu.createBuffer({ size: 16, usage: BufferUsage.COPY_SRC });
  try {
    // The first run is not like the others: memory and code are met for the first time.
    await executable.run(feeds, fetches);
    for (let i = 0; i < runs; i++) {
      throwIfAborted(signal);
      const started = performance.now();
      await executable.run(feeds, fetches);
      totals.push(performance.now() - started);
      parts.push(await timeParts(executable, device, feeds, [source, marker]));
    }
  } finally {
    marker.destroy();
    source.destroy();
  }
  const median = (part: 0 | 1 | 2): number => medianOf(parts.map((times) => times[part]));
  return { totalMs: medianOf(totals), encodeMs: median(0), submitMs: median(1), waitMs: median(2) };
};

const timeParts = async (
  executable: Executable,
  device: Device,
  feeds: ReadonlyMap<string, Tensor>,
  [source, marker]: readonly [GPUBuffer, GPUBuffer],
): Promise<readonly [number, number, number]> => {
  const { gpu } = device;
  const started = performance.now();
  const encoder = gpu.createCommandEncoder();
  executable.writeInputs(encoder, feeds);
  const pass = new PassHolder(encoder);
  for (let i = 0; i < executable.plan.commands.length; i++) executable.encodeCommand(i, encoder, pass);
  pass.end();
  encoder.copyBufferToBuffer(source, 0, marker, 0, 16);
  const encoded = performance.now();
  gpu.queue.submit([encoder.finish()]);
  const submitted = performance.now();
  await device.wait(marker.mapAsync(MAP_READ_MODE));
  const done = performance.now();
  marker.unmap();
  return [encoded - started, submitted - encoded, done - submitted];
};
