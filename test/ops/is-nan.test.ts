import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.exact;
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const values = [nan, infinity, -infinity, 0, -0, 1, -1, 1e-45, 3.4e38, -3.4e38, -nan, 2, 3];

const cases: OpCase[] = [4, 13, 1].flatMap((length) =>
  [
    { op: 'IsNaN' },
    { op: 'IsInf' },
    { op: 'IsInf', attributes: { detect_negative: false } },
    { op: 'IsInf', attributes: { detect_positive: false } },
    { op: 'IsInf', attributes: { detect_positive: false, detect_negative: false } },
  ].map(({ op, attributes }) => ({
    name: `${op} [${length}] ${JSON.stringify(attributes ?? {})}`,
    op,
    inputs: [{ shape: [length], data: values.slice(0, length) }],
    ...(attributes && { attributes }),
    tolerance,
  })),
);
const empty: OpCase = { name: 'IsNaN [0]', op: 'IsNaN', inputs: [{ shape: [0] }], tolerance };

describe('is-nan', () => {
  it.each([...cases, empty])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases[0] as OpCase, '> Elem(0x7f800000u)', '>= Elem(0x7f800000u)'));

  it('refuses integers', () => {
    const inputs = [{ shape: [2], dtype: 'int32' as const }];
    expect(() => caseGraph({ name: '', op: 'IsNaN', inputs, tolerance })).toThrow('not defined for int32');
  });
});
