import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const ranges: Partial<Record<DType, [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 31), 2 ** 31 - 1],
};
const types = Object.keys(ranges) as DType[];
const shapes: [number[], number[]][] = [
  [[5], [5]],
  [
    [2, 8],
    [2, 8],
  ],
  [[2, 3, 4], [4]],
  [
    [2, 3, 1],
    [1, 3, 5],
  ],
  [[33], []],
  [[0], [1]],
];

const cases: OpCase[] = types.flatMap((dtype) => [
  ...['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'].flatMap((op) =>
    shapes.map(([a, b]) => ({
      name: `${op} ${dtype} [${a}] [${b}]`,
      op,
      inputs: [
        { shape: a, dtype, range: ranges[dtype] as [number, number] },
        { shape: b, dtype, range: ranges[dtype] as [number, number] },
      ],
      tolerance,
    })),
  ),
  ...[[5], [2, 4], [0]].map((shape) => ({
    name: `BitwiseNot ${dtype} [${shape}]`,
    op: 'BitwiseNot',
    inputs: [{ shape, dtype, range: ranges[dtype] as [number, number] }],
    tolerance,
  })),
]);

const shifts: OpCase[] = (['uint8', 'uint16', 'uint32', 'int8', 'int16', 'int32'] as const).flatMap((dtype) =>
  ['LEFT', 'RIGHT'].flatMap((direction) =>
    shapes.map(([a, b]) => ({
      name: `BitShift ${direction} ${dtype} [${a}] [${b}]`,
      op: 'BitShift',
      inputs: [
        { shape: a, dtype, range: ranges[dtype] as [number, number] },
        { shape: b, dtype, range: [dtype.startsWith('u') ? 0 : -40, 40] as const },
      ],
      attributes: { direction },
      tolerance,
    })),
  ),
);

describe('bitwise', () => {
  it.each([...cases, ...shifts])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[0] as OpCase, 'return a & b', 'return a | b'));

  it.each([
    ['BitwiseAnd', [{ shape: [2] }, { shape: [2] }], {}, 'not defined for float32'],
    ['BitwiseNot', [{ shape: [2], dtype: 'bool' }], {}, 'not defined for bool'],
    [
      'BitwiseOr',
      [
        { shape: [2], dtype: 'int8' },
        { shape: [2], dtype: 'int32' },
      ],
      {},
      'one type',
    ],
    [
      'BitwiseXor',
      [
        { shape: [2], dtype: 'int8' },
        { shape: [3], dtype: 'int8' },
      ],
      {},
      'do not broadcast',
    ],
    [
      'BitShift',
      [
        { shape: [2], dtype: 'bool' },
        { shape: [2], dtype: 'bool' },
      ],
      { direction: 'LEFT' },
      'not defined for bool',
    ],
    [
      'BitShift',
      [
        { shape: [2], dtype: 'uint8' },
        { shape: [2], dtype: 'uint8' },
      ],
      {},
      "'direction' is missing",
    ],
  ] as [string, InputSpec[], object, string][])('%s refuses %o %o', (op, inputs, attributes, message) => {
    expect(() => caseGraph({ name: '', op, inputs, attributes: { ...attributes }, tolerance })).toThrow(message);
  });
});
