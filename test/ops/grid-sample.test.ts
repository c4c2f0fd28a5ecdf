import { describe, expect, it } from 'vitest';
import { defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.reduction;
const layouts: [number[], number[]][] = [
  [
    [1, 1, 1, 1],
    [1, 2, 3],
  ],
  [
    [2, 3, 4, 5],
    [2, 3, 3],
  ],
  [
    [1, 2, 5, 31],
    [1, 8, 9],
  ],
  [
    [1, 2, 1, 4],
    [1, 5, 5],
  ],
  [
    [0, 2, 3, 3],
    [0, 2, 2],
  ],
];
const cases: OpCase[] = layouts.flatMap(([x, grid]) =>
  ['linear', 'nearest'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [false, true].map((align_corners) => ({
        name: `${mode} ${padding_mode} [${x}] at [${grid}]${align_corners ? ', corners aligned' : ''}`,
        op: 'GridSample',
        inputs: [{ shape: x }, { shape: [...grid, 2], range: [-2.7, 2.7] as const }],
        attributes: { mode, padding_mode, align_corners },
        tolerance,
      })),
    ),
  ),
);
const wide: OpCase[] = (
  [
    ['cubic', [2, 3, 4, 5], [2, 3, 3, 2]],
    ['cubic', [1, 2, 1, 4], [1, 5, 5, 2]],
    ['cubic', [1, 2, 7], [1, 31, 1]],
    ['cubic', [1, 2, 3, 4, 5], [1, 2, 3, 3, 3]],
    ['linear', [2, 2, 3, 4, 5], [2, 3, 1, 5, 3]],
    ['linear', [1, 2, 7], [1, 31, 1]],
    ['nearest', [2, 2, 3, 4, 5], [2, 3, 1, 5, 3]],
  ] as [string, number[], number[]][]
).flatMap(([mode, x, grid]) =>
  ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
    [false, true].map((align_corners) => ({
      name: `${mode} ${padding_mode} [${x}] at [${grid}]${align_corners ? ', corners aligned' : ''}`,
      op: 'GridSample',
      inputs: [{ shape: x }, { shape: grid, range: [-2.7, 2.7] as const }],
      attributes: { mode, padding_mode, align_corners },
      // Places of float32 are a millionth of a pixel off, and weights change by up to 2 a pixel.
      tolerance: { atol: 4e-5, rtol: 1e-5 },
    })),
  ),
);
const ties: OpCase = {
  name: 'nearest between two pixels',
  op: 'GridSample',
  inputs: [{ shape: [1, 1, 3, 3] }, { shape: [1, 1, 4, 2], data: [-0.5, -0.5, 0.5, 0.5, -0.5, 0.5, 1, -1] }],
  attributes: { mode: 'nearest', align_corners: true },
  tolerance,
};

describe('grid-sample', () => {
  it.each([...cases, ...wide, ties])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel of more taps', () =>
    expectWrongKernelRejected(wide[0] as OpCase, 'vec2f(f, 1 - f)', 'vec2f(1 - f, f)'));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(
      cases.find(({ name }) => name.includes('reflection [2,3')) as OpCase,
      'period - 1 - k',
      'period - 2 - k',
    ));

  it.each([
    [[{ shape: [1, 2, 3, 3] }, { shape: [2, 2, 2, 2] }], 'the batch of the grid must be 1'],
    [[{ shape: [1, 2, 3, 3] }, { shape: [1, 2, 2, 3] }], 'the last extent of the grid must be 2'],
    [[{ shape: [1, 2, 3, 3] }, { shape: [1, 2, 2] }], 'do not fit'],
    [[{ shape: [1, 2, 0, 3] }, { shape: [1, 2, 2, 2] }], 'no pixels'],
    [[{ shape: [1, 2, 3, 3], dtype: 'int32' }, { shape: [1, 2, 2, 2] }], 'not defined for int32'],
  ] as [InputSpec[], string][])('refuses %o', (inputs, message) => {
    expect(() => caseGraph({ name: '', op: 'GridSample', inputs, tolerance })).toThrow(message);
  });

  it('has no kernel for four spatial axes', () => {
    const inputs = [{ shape: [1, 1, 2, 2, 2, 2] }, { shape: [1, 1, 1, 1, 1, 4] }];
    const { graph } = caseGraph({ name: '', op: 'GridSample', inputs, tolerance });
    expect(() => buildPlan(graph, defaultFacts)).toThrow('4 spatial axes');
  });
});
