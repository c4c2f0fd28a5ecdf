import type { TensorProto } from '../importers/onnx/proto.js';
import { onnxOfDtype } from '../ops/onnx-types.js';
import type { Tensor } from '../tensor/tensor.js';

/** A tensor with its data as raw bytes. */
export const tensorProtoOf = (tensor: Tensor, name: string): TensorProto => ({
  name,
  dims: tensor.dims,
  dataType: onnxOfDtype(tensor.type),
  rawData: new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength),
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
});
