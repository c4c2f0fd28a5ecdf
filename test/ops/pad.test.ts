import { describe, expect, it } from 'vitest';
import type { PadMode } from '../../src/ops/pad.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const list = (data: number[]): InputSpec => ({ shape: [data.length], dtype: 'int64', data, constant: true });

const pad = (mode: PadMode, shape: number[], pads: number[], value?: InputSpec, axes?: number[]): OpCase => ({
  name: `Pad ${mode} [${shape}] by [${pads}]${value ? ' with a value' : ''}${axes ? ` axes [${axes}]` : ''}`,
  op: 'Pad',
  attributes: { mode },
  inputs: [{ shape }, list(pads), value, axes && list(axes)].slice(0, axes ? 4 : value ? 3 : 2),
  tolerance: tolerances.exact,
});

const modes: PadMode[] = ['constant', 'reflect', 'edge', 'wrap'];
const value: InputSpec = { shape: [], data: [-1.5], constant: true };

const table = [
  ...modes.flatMap((mode) => [
    pad(mode, [5], [2, 3]),
    pad(mode, [1], [3, 2]),
    pad(mode, [3], [8, 7]),
    pad(mode, [2, 3, 4, 5], [0, 0, 1, 2, 0, 0, 2, 1]),
    pad(mode, [2, 5, 4, 8], [0, 1, 2, 0, 0, 2, 1, 0]),
    pad(mode, [1, 3, 31, 33], [1, 1], undefined, [-1]),
    pad(mode, [4, 6], [1, 2], undefined, [0]),
    pad(mode, [6, 8], [-1, 2, 1, -3]),
    pad(mode, [6, 8], [-2, 0, 1, 0]),
    pad(mode, [2, 3], [0, 0, 0, 0]),
    pad(mode, [], []),
    pad(mode, [1, 5, 4, 12], [0, 2, 2, 0, 0, 2, 1, 0]),
    pad(mode, [2, 3, 40], [0, 2, 17, 0, 1, 38]),
    pad(mode, [4, 3], [4, 3, 4, 3]),
  ]),
  pad('constant', [2, 3], [1, 0, 0, 2], value),
  pad('constant', [2, 8], [1, 0, 1, 0], { shape: [1], data: [7] }),
  pad('constant', [2, 3], [0, 1, 0, 1], { shape: [], data: [Number.NEGATIVE_INFINITY], constant: true }),
  pad('constant', [2, 3], [0, 1, 0, 1], undefined, [1, 0]),
  pad('constant', [0, 3], [1, 0, 1, 0], value),
  pad('constant', [4], [-2, -2]),
  {
    ...pad('constant', [5], [1, 1]),
    name: 'Pad int32',
    inputs: [
      { shape: [5], dtype: 'int32' as const },
      list([1, 1]),
      { shape: [], dtype: 'int32' as const, data: [-7], constant: true },
    ],
  },
];

const cases = table.flatMap((opCase) =>
  (['cpu', 'gpu'] as const).map((kind): OpCase => ({ ...opCase, name: `${opCase.name}, ${kind}`, facts: { kind } })),
);

describe('pad', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(pad('reflect', [3], [8, 7]), 'period - i, i >= extent', 'period - i, i > extent');
    await expectWrongKernelRejected(pad('reflect', [5], [2, 3]), '2 * (extent - 1) - index', '2 * extent - index');
    const [run] = cases.filter(({ name }) => name.includes('reflect [2,3,40]')) as [OpCase];
    await expectWrongKernelRejected(run, 'min(first + RUN, length)', 'first + RUN');
  });
  it.each([
    ['must have 4 elements, got 2', pad('constant', [2, 3], [1, 1])],
    ['take more than the 3 elements of axis 0', pad('constant', [3], [-2, -2])],
    ["mode 'edge' needs elements", pad('edge', [0], [1, 1])],
    ['name axis 1 twice', pad('constant', [2, 3], [1, 1, 1, 1], undefined, [1, -1])],
    ['must be one element', pad('constant', [3], [1, 1], { shape: [2], data: [1, 2] })],
    ['must be float32, got int32', pad('constant', [3], [1, 1], { shape: [], dtype: 'int32', data: [1] })],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
