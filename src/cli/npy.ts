import { TilewiseError } from '../errors.js';
import { fromNumbers, toNumbers } from '../tensor/convert.js';
import { arrayOf, bytesPerElement, type DType, type TypedArray } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** NumPy's type codes without the byte order. */
const CODES: Readonly<Record<string, DType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const bad = (message: string, hint?: string): never => {
  throw new TilewiseError('invalid-argument', `not a readable .npy file: ${message}`, hint === undefined ? {} : { hint });
};

/** Reads NumPy's .npy format (versions 1 to 3, either byte order, C order). */
export const readNpy = (bytes: Uint8Array): Tensor => {
  if (bytes.length < 12 || !MAGIC.every((byte, i) => bytes[i] === byte)) bad('it does not begin as one');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6] as number;
  if (major < 1 || major > 3) bad(`version ${major} is not known`);
  const [start, length] = major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (start + length > bytes.length) bad('the header is cut off');
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const type = /'descr':\s*'([<>|=])(\w+)'/.exec(header) ?? bad(`its type is not understood: ${header.trim()}`);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1] ?? bad('the header has no fortran_order');
  const extents = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? bad('the header has no shape');
  if (order === 'True') bad('it is in Fortran order', 'save it with numpy.ascontiguousarray(x)');
  const dtype = CODES[type[2] as string] ?? bad(`type '${type[2]}' is not supported`);
  const dims = extents.split(',').flatMap((text) => (text.trim() ? [Number(text)] : []));
  return new Tensor(dtype, elementsOf(dtype, bytes.subarray(start + length), sizeOf(dims), type[1] === '>'), dims);
};

/** `size` elements from raw bytes, copied: files give no alignment. */
export const elementsOf = (dtype: DType, raw: Uint8Array, size: number, bigEndian = false): TypedArray => {
  const width = bytesPerElement(dtype);
  if (raw.length !== size * width) {
    throw new TilewiseError(
      'invalid-argument',
      `${size} elements of ${dtype} take ${size * width} bytes, the file has ${raw.length}`,
    );
  }
  // Not slice(), which makes a view where the bytes are a Node Buffer.
  const copy = new Uint8Array(raw);
  if (bigEndian) for (let at = 0; at < copy.length; at += width) copy.subarray(at, at + width).reverse();
  return new (arrayOf(dtype))(copy.buffer, 0, size);
};

/** NumPy has no type of 4 bits. */
const WIDER: Partial<Record<DType, DType>> = { int4: 'int8', uint4: 'uint8' };

/** A tensor as an .npy file (version 1). float16 stays float16; int4 and uint4 become int8 and uint8. */
export const writeNpy = ({ type, dims, data }: Tensor): Uint8Array => {
  const code = Object.keys(CODES).find((key) => CODES[key] === (WIDER[type] ?? type)) as string;
  const descr = `${bytesPerElement(type) === 1 ? '|' : '<'}${code}`;
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  // The data begins at a multiple of 64; the header ends in a line break.
  const header = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + '\n';
  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = new Uint8Array(10 + header.length + body.length);
  bytes.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(body, 10 + header.length);
  return bytes;
};

/** The tensor under another type of the same kind; integers must fit exactly. Undefined where the kinds differ. */
export const castTensor = (tensor: Tensor, dtype: DType): Tensor | undefined => {
  if (tensor.type === dtype) return tensor;
  const kind = (type: DType): string => (type.startsWith('float') ? 'float' : type === 'bool' ? 'bool' : 'integer');
  if (kind(tensor.type) !== kind(dtype)) return undefined;
  const numbers = toNumbers(tensor.type, tensor.data);
  const data = fromNumbers(dtype, numbers);
  if (kind(dtype) === 'integer' && toNumbers(dtype, data).some((value, i) => value !== numbers[i])) {
    throw new TilewiseError('invalid-argument', `a value does not fit ${dtype}`);
  }
  return new Tensor(dtype, data, tensor.dims);
};
