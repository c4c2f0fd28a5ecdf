/** A part of a GPU buffer; the offset is a multiple of 256, as storage bindings want. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** Makes memory for one buffer of a plan. Tests put guards around it. */
export type RangeAllocator = (gpu: GPUDevice, label: string, bytes: number, usage: number) => BufferRange;

export const plainAllocator: RangeAllocator = (gpu, label, bytes, usage) => ({
  buffer: gpu.createBuffer({ label, size: bytes, usage }),
  offset: 0,
  bytes,
});
