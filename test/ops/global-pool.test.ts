import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const shapes = [
  [1, 1, 1],
  [2, 3, 5],
  [1, 4, 7, 7],
  [2, 5, 4, 4],
  [1, 33, 3, 5],
  [2, 3, 2, 3, 2],
  [0, 3, 4],
  [1, 8, 20, 16],
];
const operators = ['GlobalAveragePool', 'GlobalMaxPool'];

const cases: OpCase[] = operators.flatMap((op) =>
  shapes.flatMap((shape) =>
    [false, true].flatMap((channelsLast) =>
      (['cpu', 'gpu'] as const).map((kind) => ({
        name: `${op} [${shape}]${channelsLast ? ' channels last' : ''} ${kind}`,
        op,
        inputs: [{ shape }],
        attributes: { channelsLast },
        tolerance: op === 'GlobalMaxPool' ? tolerances.exact : tolerances.reduction,
        facts: { kind },
      })),
    ),
  ),
);

const special: OpCase[] = [
  {
    name: 'NaN reaches its channel alone',
    op: 'GlobalMaxPool',
    inputs: [{ shape: [1, 2, 3], data: [1, Number.NaN, 2, 3, 4, 5] }],
    tolerance: tolerances.exact,
  },
  {
    name: 'an epilogue',
    op: 'GlobalAveragePool',
    inputs: [{ shape: [2, 4, 3, 3] }],
    attributes: { epilogue: [{ op: 'Relu', attributes: {} }], channelsLast: true },
    tolerance: tolerances.reduction,
  },
];

describe('global pool', () => {
  it.each([...cases, ...special])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[4] as OpCase, 'params.divisor', '(params.divisor + 1.0)'));
  it('refuses an input without spatial axes', () =>
    expect(() => caseGraph({ name: '', op: 'GlobalMaxPool', inputs: [{ shape: [2, 3] }], tolerance: tolerances.exact })).toThrow(
      'at least 3 dimensions',
    ));
});
