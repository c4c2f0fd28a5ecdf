import type { DType } from '../tensor/dtype.js';

/** TensorProto.DataType of the ONNX format; types without a place here (string, complex, bfloat16, ...) are left out. */
const codes: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  uint4: 21,
  int4: 22,
};

const byCode: ReadonlyMap<number, DType> = new Map(Object.entries(codes).map(([dtype, code]) => [code, dtype as DType]));

/** The element type of an ONNX type number; undefined where this library has none. */
export const dtypeOfOnnx = (code: number): DType | undefined => byCode.get(code);

/** The ONNX type number of an element type. */
export const onnxOfDtype = (dtype: DType): number => codes[dtype];
