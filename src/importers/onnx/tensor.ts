import { TilewiseError } from '../../errors.js';
import { dtypeOfOnnx } from '../../ops/onnx-types.js';
import { arrayOf, bitsPerElement, bytesPerElement, type DType, integerRange, type TypedArray } from '../../tensor/dtype.js';
import { Tensor } from '../../tensor/tensor.js';
import type { TensorProto } from './proto.js';

/** Largest extent of a dimension. */
export const MAX_DIM = 2 ** 31 - 1;

/** Names of the TensorProto types that have no place here, for messages. */
const unsupportedTypes: ReadonlyMap<number, string> = new Map([
  [8, 'string'],
  [14, 'complex64'],
  [15, 'complex128'],
  [16, 'bfloat16'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [23, 'float4e2m1'],
  [24, 'float8e8m0'],
  [25, 'uint2'],
  [26, 'int2'],
]);

/** The element type of a TensorProto.DataType number. */
export const dtypeOf = (code: number | undefined, tensor: string): DType => {
  const dtype = dtypeOfOnnx(code ?? 0);
  if (dtype) return dtype;
  const known = unsupportedTypes.get(code ?? 0);
  if (known) throw new TilewiseError('unsupported-model', `'${tensor}': elements of type ${known} are not supported`, { tensor });
  throw new TilewiseError('invalid-model', `'${tensor}': ${code ?? 0} is not an element type`, { tensor });
};

/** A checked tensor over the bytes of the file; `name` is for messages. */
export const tensorOf = (proto: TensorProto, name: string): Tensor => {
  const fail = (message: string): never => {
    throw new TilewiseError('invalid-model', `'${name}': ${message}`, { tensor: name });
  };
  if (proto.dataLocation || proto.externalData.length > 0) {
    throw new TilewiseError('unsupported-model', `'${name}' keeps its data in another file, which is not supported`, {
      tensor: name,
      hint: 'save the model as one file: onnx.save(onnx.load(path), path, save_as_external_data=False)',
    });
  }
  if (proto.segment) fail('segmented tensors are not allowed');
  const dtype = dtypeOf(proto.dataType, name);
  let size = 1;
  for (const d of proto.dims) {
    if (!Number.isInteger(d) || d < 0 || d > MAX_DIM) fail(`dims [${proto.dims.join(', ')}] are out of range`);
    size *= d;
  }
  if (!Number.isSafeInteger(size * bytesPerElement(dtype))) fail(`dims [${proto.dims.join(', ')}] have too many elements`);
  return new Tensor(dtype, dataOf(proto, dtype, size, fail), proto.dims);
};

const dataOf = (proto: TensorProto, dtype: DType, size: number, fail: (message: string) => never): TypedArray => {
  const expectedField = fieldOf(dtype);
  const stated = typedFields.filter((field) => proto[field].length > 0);
  const wrong = stated.find((field) => field !== expectedField);
  if (wrong) fail(`${dtype} data does not belong in the field ${wrong}`);
  if (proto.rawData && stated.length > 0 && proto.rawData.length > 0) fail(`has both raw data and ${expectedField}`);
  if (stated.length === 0) return fromBytes(proto.rawData ?? new Uint8Array(0), dtype, size, fail);
  if (expectedField === 'floatData' || expectedField === 'doubleData')
    return fromBytes(joined(proto[expectedField]), dtype, size, fail);
  const list = expectedField === 'stringData' ? [] : proto[expectedField];
  // Each number of int32_data is a byte of two elements.
  if (bitsPerElement(dtype) === 4) return fromBytes(fromIntegers(list, 'uint8', fail) as Uint8Array, dtype, size, fail);
  if (list.length !== size) fail(`dims [${proto.dims.join(', ')}] have ${size} elements, but the data has ${list.length}`);
  return fromIntegers(list, dtype, fail);
};

const typedFields = ['floatData', 'doubleData', 'int32Data', 'int64Data', 'uint64Data', 'stringData'] as const;

/** The typed field of TensorProto that holds data of a type when there is no raw data. */
const fieldOf = (dtype: DType): (typeof typedFields)[number] => {
  if (dtype === 'float32') return 'floatData';
  if (dtype === 'float64') return 'doubleData';
  if (dtype === 'int64') return 'int64Data';
  return dtype === 'uint64' || dtype === 'uint32' ? 'uint64Data' : 'int32Data';
};

const fromBytes = (bytes: Uint8Array, dtype: DType, size: number, fail: (message: string) => never): TypedArray => {
  const width = bytesPerElement(dtype);
  const needed = Math.ceil((size * bitsPerElement(dtype)) / 8);
  if (bytes.length !== needed) fail(`${size} elements of ${dtype} need ${needed} bytes, but the data has ${bytes.length}`);
  if (bitsPerElement(dtype) === 4) return fromNibbles(bytes, dtype, size);
  if (dtype === 'bool' && bytes.some((b) => b > 1)) fail('bool data must be 0 or 1');
  // Not slice(): on a Buffer of Node that is another view.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new (arrayOf(dtype))(aligned.buffer, aligned.byteOffset, size);
};

/** Two elements to a byte, the first in the low half. */
const fromNibbles = (bytes: Uint8Array, dtype: DType, size: number): TypedArray => {
  const out = new (arrayOf(dtype))(size);
  for (let i = 0; i < size; i++) {
    const nibble = ((bytes[i >> 1] as number) >> (4 * (i & 1))) & 15;
    out[i] = dtype === 'int4' ? (nibble << 28) >> 28 : nibble;
  }
  return out;
};

const fromIntegers = (list: readonly (number | bigint)[], dtype: DType, fail: (message: string) => never): TypedArray => {
  if (dtype === 'int64') return BigInt64Array.from(list as readonly bigint[]);
  if (dtype === 'uint64') return BigUint64Array.from(list as readonly bigint[]);
  const [low, high] = integerRange(dtype) ?? [0, 0xffff];
  const outside = list.find((v) => v < low || v > high);
  if (outside !== undefined) fail(`${outside} is not a value of ${dtype}`);
  const numbers = list.map(Number);
  // float16 stands in int32_data as its bits.
  const bits = dtype === 'float16' ? Uint16Array.from(numbers) : undefined;
  return bits ? new (arrayOf(dtype))(bits.buffer, 0, bits.length) : toArray(numbers, dtype);
};

const toArray = (numbers: readonly number[], dtype: DType): TypedArray => {
  const array = new (arrayOf(dtype))(numbers.length);
  (array as Int32Array).set(numbers);
  return array;
};

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  const out = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    out.set(piece, offset);
    offset += piece.length;
  }
  return out;
};
