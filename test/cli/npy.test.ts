import { describe, expect, it } from 'vitest';
import { castTensor, readNpy, writeNpy } from '../../src/cli/npy.js';
import { fromNumbers, toNumbers } from '../../src/tensor/convert.js';
import { dtypes } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';

/** A version 1 file as numpy.save writes it. */
const saved = (descr: string, shape: string, data: readonly number[], order = 'False', version = 1): Uint8Array => {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const header = `${text.padEnd(117)}\n`;
  const length = version === 1 ? [118, 0] : [118, 0, 0, 0];
  return Uint8Array.from([0x93, ...Buffer.from('NUMPY'), version, 0, ...length, ...Buffer.from(header), ...data]);
};

/** numpy.save(numpy.array([[1.5, -2, 3]], dtype='<f4')) by NumPy 2.4. */
const BY_NUMPY =
  'k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwAAAQEA=';

const show = ({ type, dims, data }: Tensor): unknown => ({ type, dims, numbers: [...toNumbers(type, data)] });

describe('npy', () => {
  it('reads and writes the very bytes of NumPy', () => {
    const bytes = new Uint8Array(Buffer.from(BY_NUMPY, 'base64'));
    const tensor = readNpy(Buffer.from(BY_NUMPY, 'base64'));
    expect(show(tensor)).toEqual({ type: 'float32', dims: [1, 3], numbers: [1.5, -2, 3] });
    expect(writeNpy(tensor)).toEqual(bytes);
  });

  it.each(dtypes)('keeps %s', (dtype) => {
    for (const dims of [[], [3], [2, 2], [0, 4]]) {
      const size = dims.reduce((a, b) => a * b, 1);
      const tensor = new Tensor(dtype, fromNumbers(dtype, [1, 0, 1, 1].slice(0, size)), dims);
      const bytes = writeNpy(tensor);
      expect(show(readNpy(bytes))).toEqual({
        dims,
        numbers: [...toNumbers(dtype, tensor.data)],
        type: dtype.replace(/int4$/, 'int8'),
      });
      expect((bytes.length - tensor.data.byteLength) % 64).toBe(0);
    }
  });

  it('reads unaligned files, big-endian files and version 2', () => {
    const shifted = new Uint8Array(200).subarray(1);
    const file = saved('<i2', '(2,)', [1, 2, 3, 4]);
    shifted.set(file);
    expect(show(readNpy(shifted.subarray(0, file.length)))).toMatchObject({ type: 'int16', numbers: [513, 1027] });
    expect(show(readNpy(saved('>i2', '(2,)', [1, 2, 255, 252])))).toMatchObject({ numbers: [258, -4] });
    expect(show(readNpy(saved('|u1', '()', [7], 'False', 2)))).toEqual({ type: 'uint8', dims: [], numbers: [7] });
  });

  it.each([
    ['a text', Uint8Array.from(Buffer.from('not numpy at all')), 'does not begin'],
    ['nothing', new Uint8Array(), 'does not begin'],
    ['a cut header', saved('<f4', '(1,)', [0, 0, 0, 0]).subarray(0, 40), 'cut off'],
    ['cut data', saved('<f4', '(2,)', [0, 0, 0, 0]), '2 elements of float32 take 8 bytes, the file has 4'],
    ['too much data', saved('<f4', '(1,)', [0, 0, 0, 0, 0]), 'take 4 bytes'],
    ['complex numbers', saved('<c8', '(1,)', [0, 0, 0, 0, 0, 0, 0, 0]), "type 'c8' is not supported"],
    ['a record', saved("', 'x", '(1,)', []), 'type is not understood'],
    ['Fortran order', saved('<f4', '(1,)', [0, 0, 0, 0], 'True'), 'Fortran order'],
    ['a later version', saved('<f4', '(1,)', [0, 0, 0, 0], 'False', 4), 'version 4'],
    ['a huge shape', saved('<f4', '(94906267, 94906267)', []), 'too many elements'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readNpy(bytes)).toThrow(message);
  });

  it('casts within a kind, exactly', () => {
    const halves = new Tensor('float64', [0.5, -1e300]);
    expect(show(castTensor(halves, 'float32') as Tensor)).toMatchObject({ type: 'float32', numbers: [0.5, -Infinity] });
    expect(show(castTensor(new Tensor('uint8', [200]), 'int64') as Tensor)).toMatchObject({ type: 'int64', numbers: [200] });
    expect(() => castTensor(new Tensor('int32', [300]), 'uint8')).toThrow('does not fit uint8');
    expect(castTensor(halves, 'int32')).toBeUndefined();
    expect(castTensor(new Tensor('bool', [true]), 'float32')).toBeUndefined();
  });
});
