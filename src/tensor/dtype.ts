/** Element types of tensors, under the names that onnxruntime's users know. */
export type DType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'int4'
  | 'uint4'
  | 'bool';

/** The WGSL scalar that holds one element on the device: every element takes one 32-bit word. */
export type DeviceElement = 'f32' | 'i32' | 'u32';

/** Host data. float16 is a `Float16Array` where the engine has one, else a `Uint16Array` of the bits. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type TypedArrayConstructor = {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): TypedArray;
};

/** The engine's own `Float16Array`, or undefined where there is none. */
export const nativeFloat16Array = (globalThis as { Float16Array?: TypedArrayConstructor }).Float16Array;

interface DTypeFacts {
  /** Of one element of the host array. */
  readonly bytes: number;
  /** Of one element in a file, where it is less than the bytes of the host array. */
  readonly bits?: number;
  readonly device: DeviceElement;
  readonly array: TypedArrayConstructor;
  /** Smallest and largest representable integer; absent for floats. */
  readonly range?: readonly [number, number];
}

const facts: Record<DType, DTypeFacts> = {
  float32: { bytes: 4, device: 'f32', array: Float32Array },
  float16: { bytes: 2, device: 'f32', array: nativeFloat16Array ?? Uint16Array },
  float64: { bytes: 8, device: 'f32', array: Float64Array },
  int8: { bytes: 1, device: 'i32', array: Int8Array, range: [-128, 127] },
  uint8: { bytes: 1, device: 'u32', array: Uint8Array, range: [0, 255] },
  int16: { bytes: 2, device: 'i32', array: Int16Array, range: [-32768, 32767] },
  uint16: { bytes: 2, device: 'u32', array: Uint16Array, range: [0, 65535] },
  int32: { bytes: 4, device: 'i32', array: Int32Array, range: [-(2 ** 31), 2 ** 31 - 1] },
  uint32: { bytes: 4, device: 'u32', array: Uint32Array, range: [0, 2 ** 32 - 1] },
  int64: { bytes: 8, device: 'i32', array: BigInt64Array, range: [-(2 ** 63), 2 ** 63] },
  uint64: { bytes: 8, device: 'u32', array: BigUint64Array, range: [0, 2 ** 64] },
  int4: { bytes: 1, bits: 4, device: 'i32', array: Int8Array, range: [-8, 7] },
  uint4: { bytes: 1, bits: 4, device: 'u32', array: Uint8Array, range: [0, 15] },
  bool: { bytes: 1, device: 'u32', array: Uint8Array, range: [0, 1] },
};

export const dtypes = Object.keys(facts) as readonly DType[];

export const isDType = (name: string): name is DType => Object.hasOwn(facts, name);

/** Bytes of one element in a host array. */
export const bytesPerElement = (dtype: DType): number => facts[dtype].bytes;

/** Bits that an element's value has: 4 for int4 and uint4, which files hold two to a byte. */
export const bitsPerElement = (dtype: DType): number => facts[dtype].bits ?? 8 * facts[dtype].bytes;

/** The WGSL scalar type that holds an element of this type. */
export const deviceElement = (dtype: DType): DeviceElement => facts[dtype].device;

/** The host array class of this type. */
export const arrayOf = (dtype: DType): TypedArrayConstructor => facts[dtype].array;

/** [smallest, largest] integer of the type, or undefined for floats. */
export const integerRange = (dtype: DType): readonly [number, number] | undefined => facts[dtype].range;

export const isFloat = (dtype: DType): boolean => facts[dtype].device === 'f32';
export const isInteger = (dtype: DType): boolean => !isFloat(dtype) && dtype !== 'bool';
