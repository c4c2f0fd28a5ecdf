import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, integers, scales, zeroPoints } from '../support/quantized.js';

const types: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4'];

const dequantizeCase = (name: string, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}): OpCase => ({
  name: `DequantizeLinear ${name}`,
  op: 'DequantizeLinear',
  inputs,
  attributes,
  tolerance: tolerances.exact,
});

const blocked = (...shape: number[]) => ({ shape, range: [0.01, 0.1] as const, constant: true });

const cases: OpCase[] = [
  ...types.map((type) => dequantizeCase(type, [integers(type, [3, 33]), scales(1), zeroPoints(type, 1)])),
  ...types.map((type) => dequantizeCase(`${type} per axis`, [integers(type, [2, 5, 31]), scales(5), zeroPoints(type, 5)])),
  dequantizeCase('without a zero point', [integers('int8', [127]), scales(1)]),
  dequantizeCase('int32', [{ shape: [5], dtype: 'int32', range: [-1e6, 1e6] }, scales(1), fixed('int32', 0)]),
  dequantizeCase('no elements', [integers('int8', [0, 3]), scales(3)]),
  dequantizeCase(
    'a scalar',
    [fixed('uint8', 200), scales(1), fixed('uint8', 100)].map((spec) => ({ ...spec, constant: false })),
  ),
  ...[0, -1, 2].map((axis) =>
    dequantizeCase(`axis ${axis}`, [integers('uint8', [4, 3, 4]), scales(4), zeroPoints('uint8', 4)], { axis }),
  ),
  dequantizeCase('blocks', [integers('int4', [2, 7, 3]), blocked(2, 3, 3), { shape: [2, 3, 3], dtype: 'int4', range: [-8, 7] }], {
    block_size: 3,
  }),
  dequantizeCase('blocks along the last axis', [integers('uint4', [3, 32]), blocked(3, 2)], { axis: -1, block_size: 16 }),
  dequantizeCase('many', [integers('int8', [4, 4100]), scales(1), zeroPoints('int8', 1)]),
  dequantizeCase('many per axis', [integers('uint8', [2, 5, 1640]), scales(5), zeroPoints('uint8', 5)], {
    epilogue: [{ op: 'Relu', attributes: {} }],
  }),
  dequantizeCase('to float16', [integers('int8', [9]), fixed('float16', 0.25)]),
  dequantizeCase('by output_dtype', [integers('int8', [9]), fixed('float16', 0.25)], { output_dtype: 'float32' }),
  dequantizeCase('with an epilogue', [integers('int8', [2, 31]), scales(31), zeroPoints('int8', 31)], {
    epilogue: [{ op: 'Relu', attributes: {} }],
  }),
];

describe('dequantize-linear', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  it('rejects a wrong kernel', async () => {
    await expectWrongKernelRejected(cases[0] as OpCase, 'i32(zero[k])', '0');
    await expectWrongKernelRejected(cases[types.length] as OpCase, 'params.scale_axis', '0');
  });

  it.each([
    ['the scale must be finite and positive, got 0', [integers('int8', [2]), fixed('float32', 0)]],
    ['the scale must be finite and positive, got NaN', [integers('int8', [2]), fixed('float32', Number.NaN)]],
    ['the scale must be finite and positive, got Infinity', [integers('int8', [2]), fixed('float32', Number.POSITIVE_INFINITY)]],
    ['the scale must be finite and positive, got -1', [integers('int8', [2]), fixed('float32', -1)]],
    ['the zero point must be int8, got uint8', [integers('int8', [2]), scales(1), fixed('uint8', 0)]],
    ['the input must be a quantized type or int32, got float32', [{ shape: [2] }, scales(1)]],
    ['the number of scales along axis 1 must be 2, got 3', [integers('int8', [2, 2]), scales(3)]],
  ])('refuses: %s', (message, inputs) => expectRefused('DequantizeLinear', inputs, message));

  it('refuses blocks that do not fit', () => {
    const [x, scale] = [integers('int4', [2, 9]), { shape: [2, 2] }];
    expectRefused('DequantizeLinear', [x, scale], 'dimension 1 of the scale must be 3, got 2', { block_size: 4 });
    expectRefused('DequantizeLinear', [x, scale], 'a scale of shape [2, 2] needs a block_size');
    expectRefused('DequantizeLinear', [x, scale, { shape: [2, 3], dtype: 'int4' }], 'scale and zero point have shapes', {
      block_size: 5,
    });
  });
});
