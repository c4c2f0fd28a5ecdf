import { describe, expect, it } from 'vitest';
import { runGraph } from '../../kernels-ref/run-graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { expectRefused, fixed, scales, zeroPoints } from '../support/quantized.js';

const types: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4'];

const quantizeCase = (name: string, inputs: OpCase['inputs'], attributes: OpCase['attributes'] = {}): OpCase => ({
  name: `QuantizeLinear ${name}`,
  op: 'QuantizeLinear',
  inputs,
  attributes,
  tolerance: tolerances.exact,
});

const x = (...shape: number[]) => ({ shape, range: [-3, 3] as const });
const blocked = (shape: readonly number[], constant = true) => ({ shape, range: [0.01, 0.1] as const, constant });

/** Quotients on, and next to, the middle between two integers. */
const ties = [0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 127.5, -128.5, 1e9, -1e9, 0.15, 0.25, 0.35, 0.45, 12.35, -0.05];

const cases: OpCase[] = [
  ...types.map((type) => quantizeCase(`to ${type}`, [x(3, 33), scales(1, 0.02), zeroPoints(type, 1)])),
  ...types.map((type) => quantizeCase(`to ${type} per axis`, [x(2, 5, 31), scales(5, 0.02), zeroPoints(type, 5)])),
  quantizeCase('without a zero point', [x(127), scales(1, 0.02)]),
  quantizeCase('by output_dtype', [x(5), scales(1, 0.02)], { output_dtype: 'int16', precision: 'float32', saturate: false }),
  quantizeCase('a scalar', [{ shape: [], data: [1.3] }, scales(1, 0.02), zeroPoints('int8', 1)]),
  quantizeCase('no elements', [x(0, 3), scales(3), zeroPoints('int8', 3)]),
  ...[0, -1, 2].map((axis) => quantizeCase(`axis ${axis}`, [x(4, 3, 4), scales(4, 0.02), zeroPoints('uint8', 4)], { axis })),
  quantizeCase('blocks', [x(2, 7, 3), blocked([2, 3, 3]), { shape: [2, 3, 3], dtype: 'int8', range: [-9, 9] }], {
    block_size: 3,
  }),
  quantizeCase('blocks along the last axis', [x(3, 32), blocked([3, 2])], { axis: -1, block_size: 16, output_dtype: 'int4' }),
  quantizeCase('scale and zero point fed', [x(2, 5), { shape: [5], range: [0.01, 0.1] }, { shape: [5], dtype: 'int8' }]),
  quantizeCase('int32', [{ shape: [7], dtype: 'int32', range: [-999, 999] }, scales(1, 3), zeroPoints('int8', 1)]),
  quantizeCase('float16', [{ ...x(7), dtype: 'float16' }, fixed('float16', 0.25), zeroPoints('int8', 1)]),
  ...[1, 2, 0.1, 0.3, 1 / 3].map((scale) =>
    quantizeCase(`ties over ${scale}`, [{ shape: [16], data: ties }, fixed('float32', scale), fixed('int8', 1)]),
  ),
  quantizeCase(
    'every tie of float32',
    [
      { shape: [510], data: Array.from({ length: 510 }, (_, i) => Math.fround(Math.fround(0.1) * (i / 2 - 127))) },
      fixed('float32', 0.1),
    ],
    { output_dtype: 'int8' },
  ),
  quantizeCase('what is no number', [
    { shape: [4], data: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0] },
    scales(1),
    fixed('int8', 5),
  ]),
];

describe('quantize-linear', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  it('rounds half to even, adds the zero point and saturates', () => {
    const opCase = quantizeCase('', [
      { shape: [6], data: [1, 3, -5, 1000, -1000, Number.NaN] },
      fixed('float32', 2),
      fixed('uint8', 128),
    ]);
    const { graph, feeds } = caseGraph(opCase);
    expect([...runGraph(graph, feeds).get(graph.outputs[0] as string)!.data]).toEqual([128, 130, 126, 255, 0, 128]);
  });

  it('rejects a wrong kernel', async () => {
    const [first] = cases as [OpCase];
    await expectWrongKernelRejected(first, 'i32(zero[k])', '0');
    await expectWrongKernelRejected(first, 'params.low,', '-1,');
    await expectWrongKernelRejected(cases[types.length] as OpCase, 'params.scale_axis', '0');
  });

  it.each([
    ['the scale must be finite and positive, got 0', [x(2, 2), fixed('float32', 0)]],
    ['the scale must be finite and positive, got NaN', [x(2, 2), fixed('float32', 1, Number.NaN)]],
    ['the scale must be finite and positive, got Infinity', [x(2, 2), fixed('float32', Number.POSITIVE_INFINITY)]],
    ['the scale must be finite and positive, got -1', [x(2, 2), fixed('float32', -1)]],
    ['the scale must be a float, got int8', [x(2, 2), fixed('int8', 1)]],
    ['the number of scales along axis 1 must be 2, got 3', [x(2, 2), scales(3)]],
    ['axis 1 is out of range for rank 1', [x(2), scales(2)]],
    ['quantization to int32 is not defined', [x(2), scales(1), fixed('int32', 1)]],
    ['the input must be a float or int32, got int8', [{ shape: [2], dtype: 'int8' as const }, scales(1)]],
    ['scale and zero point have shapes [2] and []', [x(2, 2), scales(2), fixed('int8', 1)]],
    ['needs a block_size', [x(2, 2), blocked([2, 1])]],
  ])('refuses: %s', (message, inputs) => expectRefused('QuantizeLinear', inputs, message));

  it('refuses blocks that do not fit', () => {
    expectRefused('QuantizeLinear', [x(2, 4), blocked([2, 3])], 'dimension 1 of the scale must be 2, got 3', { block_size: 2 });
    expectRefused('QuantizeLinear', [x(2, 4), scales(2)], 'does not fit blocks of [2, 4]', { block_size: 2 });
    expectRefused('QuantizeLinear', [x(2), scales(1), fixed('int8', 1)], 'the zero point must be uint8, got int8', {
      output_dtype: 'uint8',
    });
  });
});
