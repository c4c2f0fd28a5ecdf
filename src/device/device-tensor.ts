import { fromDeviceWords } from '../tensor/convert.js';
import type { DType, TypedArray } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import type { Device } from './device.js';
import { StagingPool } from './staging.js';
import { BufferUsage } from './usage.js';

/** A tensor on the device in memory of its own, not yet written. */
export const allocateTensor = (device: Device, label: string, type: DType, dims: readonly number[]): Tensor => {
  const { gpu } = device;
  const size = sizeOf(dims);
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
  const buffer = gpu.createBuffer({ label, size: Math.max(16, 4 * size), usage });
  const staging = new StagingPool(device);
  const read = async (): Promise<TypedArray> => {
    const [words] = await staging.read(gpu.createCommandEncoder(), [{ buffer, offset: 0, bytes: 4 * size }]);
    return fromDeviceWords(type, words as ArrayBuffer, size);
  };
  const release = (): void => {
    buffer.destroy();
    staging.dispose();
  };
  return Tensor.fromDevice(type, dims, { buffer, read, release });
};
