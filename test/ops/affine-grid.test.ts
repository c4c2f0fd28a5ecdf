import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const sizeInput = (size: readonly number[]): InputSpec => ({ shape: [size.length], dtype: 'int64', data: size, constant: true });

const cases: OpCase[] = [
  [1, 1, 1, 1],
  [2, 3, 4, 5],
  [3, 1, 1, 33],
  [0, 3, 4, 5],
  [2, 1, 3, 4, 5],
].flatMap((size) =>
  [false, true].map((align_corners) => ({
    name: `[${size}]${align_corners ? ', corners aligned' : ''}`,
    op: 'AffineGrid',
    inputs: [{ shape: [size[0] as number, size.length - 2, size.length - 1] }, sizeInput(size)],
    attributes: { align_corners },
    tolerance: tolerances.transcendental,
  })),
);

describe('affine-grid', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[2] as OpCase, 'theta[row + k]', 'theta[row]'));

  it.each([
    [[{ shape: [2, 2, 3] }, sizeInput([1, 1, 4, 4])], 'dimension 0 of theta must be 1'],
    [[{ shape: [1, 2, 3] }, sizeInput([1, 1, 4, 4, 4])], 'dimension 1 of theta must be 3'],
    [[{ shape: [1, 2, 3] }, sizeInput([1, 1, 4])], 'size must have 4 or 5 elements'],
    [[{ shape: [1, 2, 3] }, sizeInput([1, 1, -4, 4])], 'is no shape'],
    [[{ shape: [2, 3] }, sizeInput([1, 1, 4, 4])], 'theta must have 3 dimensions'],
  ] as [InputSpec[], string][])('refuses %o', (inputs, message) => {
    expect(() => caseGraph({ name: '', op: 'AffineGrid', inputs, tolerance: tolerances.exact })).toThrow(message);
  });
});
