import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const axisInput = (axis: number): InputSpec => ({ shape: [], dtype: 'int32', data: [axis], constant: true });
const layouts: [number[], number][] = [
  [[1], 0],
  [[5], 0],
  [[3, 4], -1],
  [[33, 3], 0],
  [[2, 127, 3], 1],
  [[2, 3, 4, 5], -3],
  [[2, 0, 3], 1],
  [[2, 4096], 1],
];
const cases: OpCase[] = layouts.flatMap(([shape, axis]) =>
  [false, true].flatMap((exclusive) =>
    [false, true].flatMap((reverse) =>
      (['float32', 'int32'] as const).map((dtype) => ({
        name: `${dtype} [${shape}] along ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`,
        op: 'CumSum',
        inputs: [{ shape, dtype, range: [-2, 3] as const }, axisInput(axis)],
        attributes: { exclusive, reverse },
        tolerance: dtype === 'int32' ? tolerances.exact : tolerances.reduction,
      })),
    ),
  ),
);

describe('cum-sum', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.includes('[2,127,3]')) as OpCase, 'total += part', 'total = part'));

  it.each([
    [[{ shape: [3] }, axisInput(1)], 'axis 1 is out of range'],
    [[{ shape: [3] }, { shape: [2], dtype: 'int32', data: [0, 1], constant: true }], 'one number'],
    [[{ shape: [3] }, { shape: [] }], 'the axis must be int32 or int64'],
  ] as [InputSpec[], string][])('refuses %o', (inputs, message) => {
    expect(() => caseGraph({ name: '', op: 'CumSum', inputs, tolerance: tolerances.exact })).toThrow(message);
  });

  it('has no kernel for an axis that depends on data', () => {
    const inputs: InputSpec[] = [{ shape: [3] }, { shape: [], dtype: 'int64', data: [0] }];
    const { graph } = caseGraph({ name: '', op: 'CumSum', inputs, tolerance: tolerances.exact });
    expect(() => buildPlan(graph, defaultFacts)).toThrow(/'in1' decides shapes, but it depends on data/);
  });
});
