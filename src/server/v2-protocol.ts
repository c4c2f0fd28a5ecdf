import { TilewiseError } from '../errors.js';
import { toNumbers } from '../tensor/convert.js';
import { arrayOf, bytesPerElement, type DType, integerRange, isFloat, type TypedArray } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/**
 * Requests and responses of the Open Inference Protocol, version 2, with its binary tensor data extension: a body is
 * JSON, or JSON of `Inference-Header-Content-Length` bytes followed by the little-endian data of the tensors whose
 * `binary_data_size` says so, in order. What is malformed throws `invalid-feed`.
 */

const datatypes: Readonly<Record<string, DType>> = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
};
const names = new Map(Object.entries(datatypes).map(([name, dtype]) => [dtype, name]));

/** The protocol's name of an element type. */
export const datatypeOf = (dtype: DType): string => names.get(dtype) ?? 'UNSUPPORTED';

/** The response header, and request header, that tells where JSON ends and tensor data begins. */
export const HEADER_LENGTH = 'inference-header-content-length';
/** Of a tensor that a request may have; more is a mistake or an attack. */
const MAX_RANK = 16;

export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** The outputs wanted, all where absent. */
  readonly outputs: readonly string[] | undefined;
  /** Whether an output is wanted as binary data. */
  readonly isBinary: (output: string) => boolean;
  /** Larger goes first. */
  readonly priority: number;
}

type Json = Readonly<Record<string, unknown>>;

export const parseInferRequest = (body: Uint8Array, headerLength: string | undefined): InferRequest => {
  const end = headerLength === undefined ? body.length : wholeNumberOf(headerLength, 'Inference-Header-Content-Length');
  if (end > body.length) refuse(`Inference-Header-Content-Length is ${end}, but the body has ${body.length} bytes`);
  const json = objectOf(parseJson(body.subarray(0, end)), 'the request');
  const data = new BinaryData(body.subarray(end));
  const inputs = new Map<string, Tensor>();
  for (const item of listOf(json.inputs, 'inputs')) {
    const input = objectOf(item, 'an input');
    const name = stringOf(input.name, 'the name of an input');
    if (inputs.has(name)) refuse(`input '${name}' is given twice`, name);
    inputs.set(name, tensorOf(name, input, data));
  }
  data.finish();
  const parameters = json.parameters === undefined ? {} : objectOf(json.parameters, 'parameters');
  const { outputs, isBinary } = outputsOf(json.outputs, parameters.binary_data_output === true);
  const id = json.id === undefined ? undefined : stringOf(json.id, 'id');
  return { id, inputs, outputs, isBinary, priority: priorityOf(parameters.priority) };
};

/** Data behind the JSON, taken in the order of the inputs. */
class BinaryData {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(length: number, tensor: string): Uint8Array<ArrayBuffer> {
    const left = this.#bytes.length - this.#at;
    if (length > left) refuse(`input '${tensor}' wants ${length} bytes of binary data, but ${left} are left`, tensor);
    // A copy: views of wider elements need aligned bytes. (The slice of a Buffer would be none.)
    const part = new Uint8Array(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return part;
  }

  finish(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) refuse(`${left} bytes behind the data of the last input`);
  }
}

const tensorOf = (name: string, input: Json, data: BinaryData): Tensor => {
  const shape = shapeOf(input.shape, name);
  const datatype = stringOf(input.datatype, `the datatype of input '${name}'`);
  const dtype = Object.hasOwn(datatypes, datatype) ? (datatypes[datatype] as DType) : undefined;
  if (!dtype) return refuse(`input '${name}' has datatype ${datatype}; known are ${Object.keys(datatypes).join(', ')}`, name);
  const parameters = input.parameters === undefined ? {} : objectOf(input.parameters, `the parameters of input '${name}'`);
  const size = parameters.binary_data_size;
  if (size === undefined) return new Tensor(dtype, elementsOf(name, input.data, dtype, shape), shape);
  const wanted = sizeOf(shape) * bytesPerElement(dtype);
  if (size !== wanted) refuse(`input '${name}' of [${shape}] ${datatype} has ${wanted} bytes, binary_data_size is ${size}`, name);
  if (input.data !== undefined) refuse(`input '${name}' has both data and binary_data_size`, name);
  return new Tensor(dtype, new (arrayOf(dtype))(data.take(wanted, name).buffer), shape);
};

const shapeOf = (value: unknown, name: string): number[] => {
  const shape = listOf(value, `the shape of input '${name}'`);
  const isValid = shape.every((extent) => Number.isSafeInteger(extent) && (extent as number) >= 0);
  const size = shape.reduce((product: number, extent) => product * (extent as number), 1);
  if (!isValid || shape.length > MAX_RANK || size > Number.MAX_SAFE_INTEGER) {
    refuse(`the shape of input '${name}' must be a list of at most ${MAX_RANK} non-negative whole numbers`, name);
  }
  return shape as number[];
};

/** Numbers of a flat or nested list, in row-major order, as elements of the type. */
const elementsOf = (name: string, value: unknown, dtype: DType, shape: readonly number[]): TypedArray | bigint[] | number[] => {
  const size = sizeOf(shape);
  const flat: unknown[] = [];
  const collect = (item: unknown, depth: number): void => {
    if (!Array.isArray(item)) flat.push(item);
    else if (depth > shape.length) refuse(`the data of input '${name}' is nested deeper than its shape`, name);
    else for (const inner of item) collect(inner, depth + 1);
    if (flat.length > size) refuse(`the data of input '${name}' has more than the ${size} elements of its shape`, name);
  };
  collect(listOf(value, `the data of input '${name}'`), 0);
  if (flat.length !== size) refuse(`the data of input '${name}' has ${flat.length} elements, its shape ${size}`, name);
  const range = integerRange(dtype);
  const fits = (v: unknown): boolean => {
    if (dtype === 'bool') return typeof v === 'boolean' || v === 0 || v === 1;
    if (typeof v !== 'number') return false;
    return isFloat(dtype) || (Number.isSafeInteger(v) && range !== undefined && v >= range[0] && v <= range[1]);
  };
  const wrong = flat.findIndex((v) => !fits(v));
  if (wrong >= 0) refuse(`element ${wrong} of input '${name}' is no ${datatypeOf(dtype)}: ${JSON.stringify(flat[wrong])}`, name);
  return flat.map(Number);
};

const outputsOf = (value: unknown, binaryByDefault: boolean): Pick<InferRequest, 'outputs' | 'isBinary'> => {
  if (value === undefined) return { outputs: undefined, isBinary: () => binaryByDefault };
  const binary = new Map<string, boolean>();
  for (const item of listOf(value, 'outputs')) {
    const output = objectOf(item, 'an output');
    const parameters = output.parameters === undefined ? {} : objectOf(output.parameters, 'the parameters of an output');
    const given = parameters.binary_data;
    binary.set(stringOf(output.name, 'the name of an output'), typeof given === 'boolean' ? given : binaryByDefault);
  }
  return { outputs: [...binary.keys()], isBinary: (output) => binary.get(output) ?? binaryByDefault };
};

const priorityOf = (value: unknown): number => {
  if (value === undefined) return 0;
  return Number.isSafeInteger(value) ? (value as number) : refuse('the parameter priority must be a whole number');
};

/** The body of a response; `headerLength` is its JSON's length where tensor data follows. */
export interface InferResponse {
  readonly body: Uint8Array;
  readonly headerLength: number | undefined;
}

export const formatInferResponse = (
  model: string,
  version: string,
  { id, isBinary }: Pick<InferRequest, 'id' | 'isBinary'>,
  results: Readonly<Record<string, Tensor>>,
): InferResponse => {
  const parts: Uint8Array[] = [];
  const outputs = Object.entries(results).map(([name, tensor]) => {
    const { type, dims, data } = tensor;
    const common = { name, shape: dims, datatype: datatypeOf(type) };
    if (!isBinary(name)) return { ...common, data: jsonData(type, data) };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { ...common, parameters: { binary_data_size: data.byteLength } };
  });
  const json = new TextEncoder().encode(
    JSON.stringify({ model_name: model, model_version: version, ...(id !== undefined && { id }), outputs }),
  );
  if (parts.length === 0) return { body: json, headerLength: undefined };
  const body = new Uint8Array(json.length + parts.reduce((sum, { length }) => sum + length, 0));
  let at = json.length;
  body.set(json);
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { body, headerLength: json.length };
};

/** JSON knows neither NaN nor infinity: they are null there, and exact in binary data. */
const jsonData = (type: DType, data: TypedArray): (number | boolean)[] =>
  type === 'bool' ? Array.from(data as Uint8Array, (v) => v !== 0) : [...toNumbers(type, data)];

const parseJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return refuse(`the request is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const wholeNumberOf = (text: string, what: string): number =>
  /^\d{1,15}$/.test(text) ? Number(text) : refuse(`${what} must be a whole number, got '${text.slice(0, 40)}'`);

const objectOf = (value: unknown, what: string): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : refuse(`${what} must be an object`);

const listOf = (value: unknown, what: string): readonly unknown[] =>
  Array.isArray(value) ? value : refuse(`${what} must be a list`);

const stringOf = (value: unknown, what: string): string =>
  typeof value === 'string' ? value : refuse(`${what} must be a string`);

const refuse = (message: string, tensor?: string): never => {
  throw new TilewiseError('invalid-feed', message, tensor === undefined ? {} : { tensor });
};
