import { TilewiseError } from '../errors.js';
import { arrayOf, type DType, isDType, type TypedArray } from './dtype.js';
import { sizeOf } from './shape.js';

export type TensorLocation = 'cpu' | 'gpu';

/** How a tensor that lives on a GPU gets its data to the host, and how its memory is given back. */
export interface DeviceStorage {
  readonly buffer: GPUBuffer;
  read(): Promise<TypedArray>;
  release(): void;
}

/**
 * An n-dimensional array in row-major order, on the host or on a GPU.
 *
 *     const x = new Tensor('float32', new Float32Array(12), [1, 3, 2, 2]);
 *     x.dims; // [1, 3, 2, 2]
 *     await x.getData();
 *
 * The data is used as given, not copied. float16 data is a Float16Array where the engine has one, else a Uint16Array
 * of the bits; bool is a Uint8Array of 0 and 1; int64 is a BigInt64Array.
 * Throws `invalid-argument` where type, data and dims do not fit together.
 */
export class Tensor {
  readonly type: DType;
  readonly dims: readonly number[];
  readonly size: number;
  #data: TypedArray | undefined;
  #storage: DeviceStorage | undefined;
  #disposed = false;

  constructor(type: DType, data: TypedArray | readonly (number | bigint | boolean)[], dims?: readonly number[]) {
    if (!isDType(type)) throw new TilewiseError('invalid-argument', `'${String(type)}' is not a tensor type`);
    this.type = type;
    this.dims = Object.freeze([...(dims ?? [data.length])]);
    for (const d of this.dims) {
      if (!Number.isSafeInteger(d) || d < 0) {
        throw new TilewiseError('invalid-argument', `dims [${this.dims.join(', ')}] must be non-negative integers`);
      }
    }
    this.size = sizeOf(this.dims);
    this.#data = toTypedArray(type, data);
    if (this.#data.length !== this.size) {
      throw new TilewiseError(
        'invalid-argument',
        `a tensor of dims [${this.dims.join(', ')}] has ${this.size} elements, but the data has ${this.#data.length}`,
      );
    }
  }

  /** Wraps a buffer that holds `dims` elements in the device format (one 32-bit word an element). */
  static fromDevice(type: DType, dims: readonly number[], storage: DeviceStorage): Tensor {
    const tensor = new Tensor(type, new (arrayOf(type))(0), [0]);
    Object.assign(tensor, { dims: Object.freeze([...dims]), size: sizeOf(dims) });
    tensor.#data = undefined;
    tensor.#storage = storage;
    return tensor;
  }

  /**
   * Wraps the application's own buffer, without copying: one 32-bit word an element (f32; i32 for signed and u32 for
   * unsigned integers and bool), row-major. It needs the usage COPY_SRC, must be of the device of the session that it is
   * given to, and stays the application's: `dispose` leaves it alone. `read` is what `getData` calls.
   * Throws `invalid-argument` where the buffer is too small or cannot be copied from.
   */
  static fromGpuBuffer(type: DType, buffer: GPUBuffer, dims: readonly number[], read?: () => Promise<TypedArray>): Tensor {
    const bytes = 4 * sizeOf(dims);
    if (buffer.size < bytes || (buffer.usage & COPY_SRC) === 0) {
      const why = buffer.size < bytes ? `${bytes} bytes are wanted, it has ${buffer.size}` : 'it has no usage COPY_SRC';
      throw new TilewiseError('invalid-argument', `the buffer cannot hold a tensor of dims [${dims.join(', ')}]: ${why}`);
    }
    const unread = async (): Promise<TypedArray> => {
      throw new TilewiseError('invalid-argument', "nothing was said of how to read the application's own buffer", {
        hint: 'give Tensor.fromGpuBuffer a function as its last argument',
      });
    };
    return Tensor.fromDevice(type, dims, { buffer, read: read ?? unread, release: () => undefined });
  }

  get location(): TensorLocation {
    return this.#storage ? 'gpu' : 'cpu';
  }

  /** The host data; throws for a tensor on a GPU: use `getData()`. */
  get data(): TypedArray {
    this.#assertAlive();
    if (!this.#data) {
      throw new TilewiseError('invalid-argument', 'the data of this tensor is on the GPU', {
        hint: 'await tensor.getData() instead of reading tensor.data',
      });
    }
    return this.#data;
  }

  /** The buffer of a tensor on a GPU. */
  get gpuBuffer(): GPUBuffer {
    this.#assertAlive();
    if (!this.#storage) throw new TilewiseError('invalid-argument', 'this tensor is not on the GPU');
    return this.#storage.buffer;
  }

  /** The data on the host, read back from the GPU where it lives there. */
  async getData(): Promise<TypedArray> {
    this.#assertAlive();
    return this.#data ?? (await (this.#storage as DeviceStorage).read());
  }

  /** Gives the memory back; every later use throws `disposed`. */
  dispose(): void {
    this.#storage?.release();
    this.#storage = undefined;
    this.#data = undefined;
    this.#disposed = true;
  }

  #assertAlive(): void {
    if (this.#disposed) throw new TilewiseError('disposed', 'this tensor was disposed');
  }
}

/** GPUBufferUsage.COPY_SRC, which Node has no global for. */
const COPY_SRC = 4;

const toTypedArray = (type: DType, data: TypedArray | readonly (number | bigint | boolean)[]): TypedArray => {
  const wanted = arrayOf(type);
  if (data instanceof wanted) return data as TypedArray;
  // Bits of float16 are welcome where the engine has a Float16Array too.
  if (type === 'float16' && data instanceof Uint16Array) {
    return new wanted(data.buffer, data.byteOffset, data.length);
  }
  if (type === 'uint8' && data instanceof Uint8ClampedArray) {
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  }
  if (!Array.isArray(data)) {
    throw new TilewiseError(
      'invalid-argument',
      `${type} data must be a ${wanted.prototype?.constructor?.name ?? 'typed array'}`,
      {
        hint: `got ${(data as object).constructor?.name}`,
      },
    );
  }
  const array = new wanted(data.length);
  const big = type === 'int64' || type === 'uint64';
  for (let i = 0; i < data.length; i++) {
    (array as unknown as (number | bigint)[])[i] = big ? BigInt(data[i] as number) : Number(data[i]);
  }
  return array;
};
