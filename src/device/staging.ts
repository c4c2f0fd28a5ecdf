import { TilewiseError } from '../errors.js';
import { type Device, typedError } from './device.js';
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
    let all: ArrayBuffer;
    try {
      all = await this.#submitAndMap(staging, encoder, ranges, total);
    } catch (error) {
      staging.destroy();
      throw await this.#causeOf(error);
    }
    if (this.#disposed) staging.destroy();
    else this.#free.push(staging);
    this.#device.throwFailure();
    let at = 0;
    return ranges.map(({ bytes }) => all.slice(at, (at += bytes)));
  }

  async #submitAndMap(
    staging: GPUBuffer,
    encoder: GPUCommandEncoder,
    ranges: readonly ReadRange[],
    total: number,
  ): Promise<ArrayBuffer> {
    const { gpu } = this.#device;
    // Commands that are refused leave old data behind: their errors must be known before it is handed out.
    gpu.pushErrorScope('validation');
    let refused: Promise<GPUError | null>;
    try {
      let at = 0;
      for (const { buffer, offset, bytes } of ranges) {
        if (bytes > 0) encoder.copyBufferToBuffer(buffer, offset, staging, at, bytes);
        at += bytes;
      }
      gpu.queue.submit([encoder.finish()]);
    } finally {
      refused = gpu.popErrorScope();
      refused.catch(() => undefined);
    }
    const [error] = await this.#device.wait(Promise.all([refused, staging.mapAsync(MAP_READ_MODE, 0, total)]));
    if (error) throw new TilewiseError('gpu-error', `running the model: ${error.message}`);
    const all = staging.getMappedRange(0, total).slice(0);
    staging.unmap();
    return all;
  }

  /** A loss of the device, or an error that it reported, explains what follows from it. */
  async #causeOf(error: unknown): Promise<TilewiseError> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    try {
      this.#device.throwFailure();
    } catch (failure) {
      return failure as TilewiseError;
    }
    return typedError('running the model', error);
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
