import { describe, expect, it } from 'vitest';
import type { TensorProto } from '../../src/importers/onnx/proto.js';
import { onnxOfDtype } from '../../src/ops/onnx-types.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import { bitsPerElement, type DType } from '../../src/tensor/dtype.js';
import { numberToFloat16 } from '../../src/tensor/float16.js';
import { constant, errorOf, importModel, info, node } from './models.js';

const importTensor = (proto: TensorProto) =>
  importModel({ nodes: [], inputs: [], outputs: [info(proto.name as string)], initializers: [proto] }).values.get(
    proto.name as string,
  )?.tensor;

const bytesOf = (words: ArrayBufferView): Uint8Array => new Uint8Array(words.buffer as ArrayBuffer);

const emptyTensor: TensorProto = {
  dims: [],
  floatData: [],
  int32Data: [],
  stringData: [],
  int64Data: [],
  doubleData: [],
  uint64Data: [],
  externalData: [],
};
const tensor = (fields: Partial<TensorProto>): TensorProto => ({ ...emptyTensor, name: 't', ...fields });

/** The typed field of TensorProto for some numbers. */
const typed = (dtype: DType, numbers: readonly number[]): Partial<TensorProto> => {
  if (dtype === 'float32') return { floatData: [bytesOf(Float32Array.from(numbers))] };
  if (dtype === 'float64') return { doubleData: [bytesOf(Float64Array.from(numbers))] };
  if (dtype === 'int64') return { int64Data: numbers.map(BigInt) };
  if (dtype === 'uint64' || dtype === 'uint32') return { uint64Data: numbers.map(BigInt) };
  if (dtype === 'int4' || dtype === 'uint4') {
    const nibble = (i: number): number => (numbers[i] ?? 0) & 15;
    return { int32Data: numbers.flatMap((_, i) => (i % 2 === 0 ? [nibble(i) | (nibble(i + 1) << 4)] : [])) };
  }
  return { int32Data: dtype === 'float16' ? numbers.map(numberToFloat16) : numbers };
};

const samples: Record<DType, readonly number[]> = {
  float32: [1.5, -2, 0, Number.NaN, Number.POSITIVE_INFINITY, 1e-40],
  float16: [1.5, -2, 0, Number.NaN, Number.NEGATIVE_INFINITY, 6e-8],
  float64: [1.1, -2, 0, Number.NaN, 1e300, -1e-300],
  int8: [-128, 127, 0, 1, -1, 5],
  uint8: [0, 255, 1, 128, 127, 5],
  int16: [-32768, 32767, 0, 1, -1, 300],
  uint16: [0, 65535, 1, 32768, 300, 5],
  int32: [-(2 ** 31), 2 ** 31 - 1, 0, 1, -1, 70000],
  uint32: [0, 2 ** 32 - 1, 2 ** 31, 1, 70000, 5],
  int64: [-(2 ** 53), 2 ** 53, 0, 1, -1, 2 ** 33],
  uint64: [0, 2 ** 53, 1, 2 ** 33, 5, 6],
  int4: [-8, 7, 0, 1, -1, 5],
  uint4: [0, 15, 1, 8, 7, 5],
  bool: [0, 1, 1, 0, 1, 0],
};

describe('weights', () => {
  it.each(Object.keys(samples) as DType[])('of %s are the same from raw data and from the typed field', (dtype) => {
    const numbers = samples[dtype];
    const expected = toNumbers(dtype, fromNumbers(dtype, numbers));
    const raw = importTensor(constant('t', dtype, [2, 3], numbers));
    const fromField = importTensor(tensor({ dataType: onnxOfDtype(dtype), dims: [2, 3], ...typed(dtype, numbers) }));
    for (const t of [raw, fromField]) {
      expect(t?.type).toBe(dtype);
      expect(t?.dims).toEqual([2, 3]);
      expect(t && toNumbers(dtype, t.data)).toEqual(expected);
    }
    expect(fromField?.data).toEqual(raw?.data);
  });

  it('of 64 bits are exact', () => {
    const extremes = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n];
    expect(importTensor(tensor({ dataType: 7, dims: [4], int64Data: extremes }))?.data).toEqual(BigInt64Array.from(extremes));
    expect(importTensor(tensor({ dataType: 13, dims: [1], uint64Data: [2n ** 64n - 1n] }))?.data).toEqual(
      BigUint64Array.of(2n ** 64n - 1n),
    );
  });

  it('may come in pieces, have no elements or no dimensions', () => {
    const pieces = [Float32Array.of(1), Float32Array.of(2, 3)].map(bytesOf);
    expect(importTensor(tensor({ dataType: 1, dims: [3], floatData: pieces }))?.data).toEqual(Float32Array.of(1, 2, 3));
    expect(importTensor(tensor({ dataType: 1, dims: [0, 5] }))?.size).toBe(0);
    expect(importTensor(tensor({ dataType: 1, rawData: bytesOf(Float32Array.of(7)) }))?.data).toEqual(Float32Array.of(7));
  });

  const raw = (count: number): Partial<TensorProto> => ({ rawData: new Uint8Array(count) });
  it.each<[string, Partial<TensorProto>, RegExp]>([
    ['no type', { dims: [1], ...raw(4) }, /0 is not an element type/],
    ['type 999', { dataType: 999, dims: [1], ...raw(4) }, /999 is not an element type/],
    ['too few bytes', { dataType: 1, dims: [2], ...raw(7) }, /need 8 bytes, but the data has 7/],
    ['too many bytes', { dataType: 1, dims: [2], ...raw(9) }, /has 9/],
    ['no data', { dataType: 1, dims: [2] }, /has 0/],
    ['too few elements', { dataType: 6, dims: [3], int32Data: [1, 2] }, /3 elements, but the data has 2/],
    ['the wrong field', { dataType: 1, dims: [1], int32Data: [1] }, /does not belong/],
    ['both fields', { dataType: 6, dims: [1], int32Data: [1], ...raw(4) }, /both/],
    ['a negative extent', { dataType: 1, dims: [-1], ...raw(4) }, /out of range/],
    ['an extent of 2^40', { dataType: 1, dims: [2 ** 40] }, /out of range/],
    ['an extent of 2^63 - 1', { dataType: 1, dims: [2 ** 63 - 1] }, /out of range/],
    ['a product above 2^53', { dataType: 1, dims: [2 ** 30, 2 ** 30] }, /too many elements/],
    ['an int8 of 200', { dataType: 3, dims: [1], int32Data: [200] }, /200 is not a value of int8/],
    ['a uint8 of -1', { dataType: 2, dims: [1], int32Data: [-1] }, /-1 is not/],
    ['a bool of 2', { dataType: 9, dims: [1], rawData: Uint8Array.of(2) }, /0 or 1/],
  ])('are refused: %s', (_, fields, message) => {
    const error = errorOf(() => importTensor(tensor(fields)));
    expect(error.code).toBe('invalid-model');
    expect(error.message).toMatch(message);
    expect(error.tensor).toBe('t');
  });

  it.each<[string, Partial<TensorProto>, RegExp]>([
    ['strings', { dataType: 8, dims: [1] }, /string/],
    ['bfloat16', { dataType: 16, dims: [1], ...raw(2) }, /bfloat16/],
    ['external data', { dataType: 1, dims: [1], dataLocation: 1 }, /another file/],
  ])('are not supported: %s', (_, fields, message) => {
    const error = errorOf(() => importTensor(tensor(fields)));
    expect(error.code).toBe('unsupported-model');
    expect(error.message).toMatch(message);
  });

  it('of Constant nodes come from each of its attributes', () => {
    const graph = importModel({
      nodes: [
        node('Constant', [], ['a'], { value_float: { float: 1.5 } }),
        node('Constant', [], ['b'], { value_floats: { floats: [1, 2] } }),
        node('Constant', [], ['c'], { value_int: -3 }),
        node('Constant', [], ['d'], { value_ints: [4, 5] }),
        node('Constant', [], ['e'], { value_float: { float: 0 } }),
      ],
      outputs: ['a', 'b', 'c', 'd', 'e'].map((name) => info(name)),
    });
    const facts = ['a', 'b', 'c', 'd', 'e'].map((name) => {
      const t = graph.values.get(name)?.tensor;
      return t && [t.type, t.dims, [...t.data].map(Number)];
    });
    expect(facts).toEqual([
      ['float32', [], [1.5]],
      ['float32', [2], [1, 2]],
      ['int64', [], [-3]],
      ['int64', [2], [4, 5]],
      ['float32', [], [0]],
    ]);
    expect(graph.nodes).toEqual([]);
  });

  it('take the bytes that their type says', () => {
    for (const dtype of Object.keys(samples) as DType[]) {
      const bytes = Math.ceil((3 * bitsPerElement(dtype)) / 8);
      const error = errorOf(() => importTensor(tensor({ dataType: onnxOfDtype(dtype), dims: [3], ...raw(bytes + 1) })));
      expect(error.message).toMatch(`need ${bytes} bytes`);
    }
  });
});
