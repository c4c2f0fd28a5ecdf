import type { Device } from './device.js';
import { BufferUsage, MAP_READ_MODE } from './usage.js';

export interface ReadRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** Buffers for reading back, reused from run to run; every run in flight has one of its own. */
export class StagingPool {
  readonly #device: Device;
  #free: GPUBuffer[] = [];
  #disposed = false;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Copies the ranges to one staging buffer at the end of the encoder's work, submits it all, and waits for the data. */
  async read(encoder: GPUCommandEncoder, ranges: readonly ReadRange[]): Promise<ArrayBuffer[]> {
    const { gpu } = this.#device;
    const total = ranges.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total === 0) {
      gpu.queue.submit([encoder.finish()]);
      return ranges.map(() => new ArrayBuffer(0));
    }
    const staging = this.#take(total);
    let at = 0;
    for (const { buffer, offset, bytes } of ranges) {
      if (bytes > 0) encoder.copyBufferToBuffer(buffer, offset, staging, at, bytes);
      at += bytes;
    }
    gpu.queue.submit([encoder.finish()]);
    await this.#device.wait(staging.mapAsync(MAP_READ_MODE, 0, total));
    const all = staging.getMappedRange(0, total).slice(0);
    staging.unmap();
    if (this.#disposed) staging.destroy();
    else this.#free.push(staging);
    this.#device.throwFailure();
    at = 0;
    return ranges.map(({ bytes }) => all.slice(at, (at += bytes)));
  }

  dispose(): void {
    this.#disposed = true;
    for (const buffer of this.#free) buffer.destroy();
    this.#free = [];
  }

  #take(bytes: number): GPUBuffer {
    const index = this.#free.findIndex((buffer) => buffer.size >= bytes);
    if (index >= 0) return this.#free.splice(index, 1)[0] as GPUBuffer;
    return this.#device.gpu.createBuffer({ label: 'staging', size: bytes, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  }
}
