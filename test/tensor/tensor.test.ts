import { describe, expect, it } from 'vitest';
import { TilewiseError } from '../../src/errors.js';
import { fromDeviceWords, fromNumbers, toDeviceWords, toNumbers } from '../../src/tensor/convert.js';
import { bytesPerElement, type DType, dtypes, integerRange, isDType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof TilewiseError ? error.code : String(error);
  }
  return undefined;
};

describe('Tensor', () => {
  it('uses the data as given', async () => {
    const data = new Float32Array(12);
    const x = new Tensor('float32', data, [1, 3, 2, 2]);
    expect(x.data).toBe(data);
    expect(await x.getData()).toBe(data);
    expect([x.type, x.dims, x.size, x.location]).toEqual(['float32', [1, 3, 2, 2], 12, 'cpu']);
  });

  it('takes plain arrays, and one dimension where none is given', () => {
    expect(new Tensor('int64', [1, 2n, -3]).data).toEqual(new BigInt64Array([1n, 2n, -3n]));
    expect(new Tensor('bool', [true, false]).data).toEqual(new Uint8Array([1, 0]));
    expect(new Tensor('float32', [1.5, 2]).dims).toEqual([2]);
    expect(new Tensor('float32', [7], []).size).toBe(1);
    expect(new Tensor('float32', [], [0, 3]).size).toBe(0);
  });

  it('cannot have its dims changed', () => {
    const dims = [2, 2];
    const x = new Tensor('float32', [1, 2, 3, 4], dims);
    dims[0] = 9;
    expect(x.dims).toEqual([2, 2]);
    expect(() => (x.dims as number[]).push(1)).toThrow();
  });

  it.each<[string, () => unknown]>([
    ['an unknown type', () => new Tensor('float8' as DType, [1])],
    ['a name of Object.prototype', () => new Tensor('constructor' as DType, [1])],
    ['too little data', () => new Tensor('float32', [1, 2], [3])],
    ['too much data', () => new Tensor('float32', [1, 2], [1])],
    ['a negative extent', () => new Tensor('float32', [], [-1, 0])],
    ['a fractional extent', () => new Tensor('float32', [1], [0.5])],
    ['NaN as an extent', () => new Tensor('float32', [1], [Number.NaN])],
    ['the wrong typed array', () => new Tensor('float32', new Float64Array(1), [1])],
    ['an int32 array as int64', () => new Tensor('int64', new Int32Array(1), [1])],
    ['data that is no array', () => new Tensor('float32', 'data' as never, [4])],
  ])('refuses %s', (_, work) => {
    expect(codeOf(work)).toBe('invalid-argument');
  });

  it('refuses more elements than can be counted', () => {
    expect(codeOf(() => new Tensor('float32', [], [2 ** 30, 2 ** 30, 2 ** 30]))).toBe('limit-exceeded');
  });

  it('is gone after dispose', async () => {
    const x = new Tensor('float32', [1]);
    x.dispose();
    expect(codeOf(() => x.data)).toBe('disposed');
    await expect(x.getData()).rejects.toMatchObject({ code: 'disposed' });
  });

  it('says that host tensors have no buffer', () => {
    expect(codeOf(() => new Tensor('float32', [1]).gpuBuffer)).toBe('invalid-argument');
  });
});

describe('conversion', () => {
  const sample: Record<'float' | 'signed' | 'unsigned' | 'bool', number[]> = {
    float: [0, -1.5, 2.25, Number.NaN, Number.POSITIVE_INFINITY],
    signed: [0, -7, 100],
    unsigned: [0, 7, 100],
    bool: [0, 1, 1],
  };
  const sampleOf = (dtype: DType): number[] => {
    if (dtype === 'bool') return sample.bool;
    if (dtype === 'int4' || dtype === 'uint4') return dtype === 'int4' ? [0, -8, 7] : [0, 8, 15];
    return sample[dtype.startsWith('float') ? 'float' : dtype.startsWith('u') ? 'unsigned' : 'signed'];
  };

  it.each(dtypes)('%s: numbers -> data -> device words -> data -> numbers', (dtype) => {
    const data = fromNumbers(dtype, sampleOf(dtype));
    const words = toDeviceWords(dtype, data, 'x');
    const back = fromDeviceWords(dtype, words.slice().buffer as ArrayBuffer, words.length);
    expect(data.BYTES_PER_ELEMENT).toBe(bytesPerElement(dtype));
    expect(words.BYTES_PER_ELEMENT).toBe(4);
    expect([...toNumbers(dtype, back)]).toEqual(sampleOf(dtype));
  });

  it.each(dtypes.filter((dtype) => integerRange(dtype) && dtype !== 'bool'))('%s saturates and truncates', (dtype) => {
    const [low, high] = integerRange(dtype) as readonly [number, number];
    const [a, b, c, d] = [...toNumbers(dtype, fromNumbers(dtype, [-1e30, 1e30, 2.9, Number.NaN]))];
    expect([a, b, c, d]).toEqual([low, high, 2, 0]);
  });

  it.each<[DType, bigint]>([
    ['int64', 2n ** 31n],
    ['int64', -(2n ** 31n) - 1n],
    ['int64', 2n ** 53n + 1n],
    ['int64', 2n ** 63n - 1n],
    ['uint64', 2n ** 32n],
  ])('refuses the %s %d, which no 32-bit word holds', (dtype, value) => {
    const data = dtype === 'int64' ? new BigInt64Array([0n, value]) : new BigUint64Array([0n, value]);
    expect(codeOf(() => toDeviceWords(dtype, data, 'ids'))).toBe('invalid-feed');
  });

  it.each<[DType, bigint]>([
    ['int64', 2n ** 31n - 1n],
    ['int64', -(2n ** 31n)],
    ['uint64', 2n ** 32n - 1n],
  ])('keeps the %s %d exactly', (dtype, value) => {
    const data = dtype === 'int64' ? new BigInt64Array([value]) : new BigUint64Array([value]);
    expect(BigInt(toDeviceWords(dtype, data, 'ids')[0] as number)).toBe(value);
  });

  it('knows its types by name only', () => {
    expect(isDType('float32')).toBe(true);
    for (const name of ['toString', '__proto__', 'string', '']) expect(isDType(name)).toBe(false);
  });
});
