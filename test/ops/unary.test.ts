import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const shapes = [[1], [3], [4], [5], [31], [33], [127], [2, 3, 5, 7], [0], []];
const attributes: Record<string, Record<string, number>[]> = {
  LeakyRelu: [{}, { alpha: 0.3 }],
  Clip: [{}, { min: -1, max: 0.5 }, { min: 0 }, { max: 6 }, { min: 2, max: -1 }],
  HardSigmoid: [{}, { alpha: 0.5, beta: 0.25 }],
};
const moved = ['Relu', 'Clip'];
const operators = ['Relu', 'LeakyRelu', 'Clip', 'Sigmoid', 'Tanh', 'HardSigmoid', 'HardSwish', 'Exp', 'Sqrt'];

const cases: OpCase[] = operators.flatMap((op) =>
  (attributes[op] ?? [{}]).flatMap((given) =>
    shapes.map((shape) => ({
      name: `${op} ${JSON.stringify(given)} [${shape}]`,
      op,
      attributes: given,
      inputs: [{ shape, range: [op === 'Sqrt' ? 0 : -6, 6] as [number, number] }],
      tolerance: moved.includes(op) ? tolerances.exact : tolerances.transcendental,
    })),
  ),
);

const special: OpCase[] = operators.map((op) => ({
  name: `${op} of NaN, infinities, zeros and extremes`,
  op,
  inputs: [
    {
      shape: [8],
      data: [
        Number.NaN,
        Number.POSITIVE_INFINITY,
        op === 'Sqrt' ? 0 : Number.NEGATIVE_INFINITY,
        0,
        88,
        1e30,
        1e-30,
        op === 'Sqrt' ? 1 : -200,
      ],
    },
  ],
  tolerance: op === 'Exp' || op === 'Sqrt' ? { atol: 0, rtol: 2e-5 } : tolerances.transcendental,
}));

describe('unary', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it.each(special)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[2] as OpCase, 'v < Elem(0)', 'v > Elem(0)'));
  it('rejects a kernel that writes past the end', () =>
    expectWrongKernelRejected(cases[3] as OpCase, 'i >= params.count', 'i > params.count'));
});
