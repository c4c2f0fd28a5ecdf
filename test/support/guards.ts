import type { RangeAllocator } from '../../src/device/memory.js';
import { BufferUsage } from '../../src/device/usage.js';

const GUARD_BYTES = 256;
const PATTERN = 0xdeadbeef;
/** A NaN, another one in each buffer: an element that no kernel wrote, or that one copied, is never taken for a result. */
const poison = (buffer: number): number => 0x7fc01000 + buffer;

/** Memory with guards of a known pattern around each buffer, and poison inside. */
export class GuardedMemory {
  readonly #buffers: { label: string; buffer: GPUBuffer; bytes: number }[] = [];

  readonly allocate: RangeAllocator = (gpu, label, bytes, usage) => {
    const buffer = gpu.createBuffer({ label, size: bytes + 2 * GUARD_BYTES, usage });
    const words = new Uint32Array((bytes + 2 * GUARD_BYTES) / 4).fill(PATTERN);
    words.fill(poison(this.#buffers.length), GUARD_BYTES / 4, (GUARD_BYTES + bytes) / 4);
    gpu.queue.writeBuffer(buffer, 0, words);
    this.#buffers.push({ label, buffer, bytes });
    return { buffer, offset: GUARD_BYTES, bytes };
  };

  /**
   * Names the buffers whose guards were written to. `exactBytes` tells how much of a buffer its value takes, where that
   * is less than what was allocated: the rest counts as guard.
   */
  async damaged(gpu: GPUDevice, exactBytes: ReadonlyMap<string, number>): Promise<string[]> {
    const damaged: string[] = [];
    for (const [i, { label, buffer, bytes }] of this.#buffers.entries()) {
      const words = await download(gpu, buffer);
      const used = exactBytes.get(label) ?? bytes;
      const before = words.subarray(0, GUARD_BYTES / 4).every((w) => w === PATTERN);
      const tail = words.subarray((GUARD_BYTES + used) / 4, (GUARD_BYTES + bytes) / 4).every((w) => w === poison(i));
      const after = words.subarray((GUARD_BYTES + bytes) / 4).every((w) => w === PATTERN);
      if (!before || !tail || !after) damaged.push(label);
    }
    return damaged;
  }
}

const download = async (gpu: GPUDevice, buffer: GPUBuffer): Promise<Uint32Array> => {
  const staging = gpu.createBuffer({ size: buffer.size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  const encoder = gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(1);
  const words = new Uint32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return words;
};
