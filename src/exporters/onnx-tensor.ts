import type { TensorProto } from '../importers/onnx/proto.js';
import { onnxOfDtype } from '../ops/onnx-types.js';
import { bitsPerElement } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';

/** A tensor with its data as raw bytes. */
export const tensorProtoOf = (tensor: Tensor, name: string): TensorProto => ({
  name,
  dims: tensor.dims,
  dataType: onnxOfDtype(tensor.type),
  rawData: rawDataOf(tensor),
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
});

const rawDataOf = ({ type, data }: Tensor): Uint8Array => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (bitsPerElement(type) !== 4) return bytes;
  // Two elements to a byte, the first in the low half.
  const packed = new Uint8Array(Math.ceil(bytes.length / 2));
  bytes.forEach((byte, i) => (packed[i >> 1] = (packed[i >> 1] as number) | ((byte & 15) << (4 * (i & 1)))));
  return packed;
};
