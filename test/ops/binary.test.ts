import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';

const shapes: [number[], number[]][] = [
  [[1], [1]],
  [[5], [5]],
  [[33], [1]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [1, 3, 1],
    [2, 1, 5],
  ],
  [
    [2, 1, 3, 1, 2],
    [1, 4, 1, 3, 1],
  ],
  [[4, 127], [127]],
  [
    [2, 3, 5, 7],
    [1, 3, 1, 1],
  ],
  [[], [3]],
  [
    [0, 4],
    [1, 4],
  ],
];
const operators = ['Add', 'Sub', 'Mul', 'Div'];

const cases: OpCase[] = [
  ...operators.flatMap((op) =>
    shapes.map(([a, b]) => ({
      name: `${op} [${a}] [${b}]`,
      op,
      inputs: [{ shape: a }, { shape: b, range: [0.5, 3] as [number, number] }],
      tolerance: tolerances.arithmetic,
    })),
  ),
  ...operators.map((op) => ({
    name: `${op} int32`,
    op,
    inputs: [
      { shape: [3, 5], dtype: 'int32' as const, range: [-50, 50] as [number, number] },
      { shape: [5], dtype: 'int32' as const, range: [1, 9] as [number, number] },
    ],
    tolerance: tolerances.exact,
  })),
  ...[
    [
      [2, 3, 4, 5],
      [3, 1, 1],
    ],
    [[4, 6], [6]],
    [[7], [1]],
  ].map(([x, slope]) => ({
    name: `PRelu [${x}] [${slope}]`,
    op: 'PRelu',
    inputs: [{ shape: x as number[] }, { shape: slope as number[], constant: true }],
    tolerance: tolerances.arithmetic,
  })),
];

describe('binary', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[3] as OpCase, 'return a + b', 'return a - b'));
});
