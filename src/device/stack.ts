import { TilewiseError } from '../errors.js';
import { toDeviceWords } from '../tensor/convert.js';
import type { DType } from '../tensor/dtype.js';
import { sameShape, shapeText, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Device } from './device.js';
import { allocateTensor } from './device-tensor.js';

/**
 * Tensors of one type and shape as one on the device, along a new first axis. Throws `limit-exceeded` where the device
 * cannot hold it in one buffer.
 */
export const stackOnDevice = (device: Device, tensors: readonly Tensor[]): Promise<Tensor> => {
  const [first] = tensors as readonly [Tensor];
  for (const { dims } of tensors) {
    if (sameShape(dims, first.dims)) continue;
    const shapes = `${shapeText(first.dims)} and ${shapeText(dims)}`;
    throw new TilewiseError('unsupported-model', `turns give results of different shapes, ${shapes}, which make no tensor`);
  }
  return device.guarded('collecting the turns of a loop', () => {
    const whole = allocate(device, first.type, [tensors.length, ...first.dims]);
    const encoder = device.gpu.createCommandEncoder();
    const bytes = 4 * first.size;
    tensors.forEach((tensor, i) => {
      if (bytes === 0) return;
      if (tensor.location === 'gpu') encoder.copyBufferToBuffer(tensor.gpuBuffer, 0, whole.gpuBuffer, i * bytes, bytes);
      else device.gpu.queue.writeBuffer(whole.gpuBuffer, i * bytes, wordsOf(tensor));
    });
    device.gpu.queue.submit([encoder.finish()]);
    return whole;
  });
};

/** A tensor of the host, copied to the device. */
export const upload = (device: Device, tensor: Tensor): Promise<Tensor> =>
  device.guarded('uploading a tensor', () => {
    const copy = allocate(device, tensor.type, tensor.dims);
    if (tensor.size > 0) device.gpu.queue.writeBuffer(copy.gpuBuffer, 0, wordsOf(tensor));
    return copy;
  });

const wordsOf = ({ type, data }: Tensor): BufferSource => toDeviceWords(type, data, 'a value') as BufferSource;

const allocate = (device: Device, type: DType, dims: readonly number[]): Tensor => {
  if (4 * sizeOf(dims) <= device.facts.limits.maxBufferSize) return allocateTensor(device, 'turns', type, dims);
  throw new TilewiseError(
    'limit-exceeded',
    `a tensor of shape ${shapeText(dims)} takes more than the device holds in one buffer`,
  );
};
