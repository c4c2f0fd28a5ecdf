import { describe, expect, it } from 'vitest';
import { Executable } from '../../src/device/executable.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase } from '../support/check-op.js';
import { testDevice } from '../support/device.js';

interface Indices {
  readonly shape: number[];
  readonly data: number[];
  readonly dtype?: DType;
  readonly constant?: boolean;
}

const gather = (shape: number[], axis: number, indices: Indices): OpCase => ({
  name: `Gather [${shape}] axis ${axis} at ${JSON.stringify(indices)}`,
  op: 'Gather',
  attributes: { axis },
  inputs: [{ shape }, { dtype: 'int64', ...indices }],
  tolerance: tolerances.exact,
});

const cases = [
  gather([5], 0, { shape: [3], data: [4, 0, -1] }),
  gather([5], 0, { shape: [], data: [-5] }),
  gather([5, 4], 0, { shape: [2, 3], data: [0, 4, -1, 2, 2, 1], constant: true }),
  gather([3, 5], 1, { shape: [4], data: [4, 3, 0, -5], dtype: 'int32' }),
  gather([2, 3, 31], -2, { shape: [2], data: [2, 0] }),
  gather([2, 7, 3, 4], 1, { shape: [1], data: [-2] }),
  gather([33, 8], 0, { shape: [4], data: [32, 31, 0, -33] }),
  gather([4, 2], 0, { shape: [0], data: [] }),
  gather([0, 2], 1, { shape: [1], data: [1] }),
];

describe('gather', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('clamps indices that are out of range at run time', async () => {
    const { graph, feeds } = caseGraph(gather([3, 2], 0, { shape: [6], data: [0, 1, 2, 0, 1, 2] }));
    const x = new Tensor('float32', [0, 1, 10, 11, 20, 21], [3, 2]);
    const indices = new Tensor('int64', [3n, 1000n, 2147483647n, -4n, -1000n, -2147483648n]);
    const device = await testDevice();
    const executable = await Executable.load(buildPlan(graph, device.facts), device);
    const y = await executable.run(new Map([...feeds, ['in0', x], ['in1', indices]]), graph.outputs);
    executable.dispose();
    expect([...(y.get('Gather.out')?.data ?? [])]).toEqual([20, 21, 20, 21, 20, 21, 0, 1, 0, 1, 0, 1]);
  });
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[0] as OpCase, 'given + params.extent', 'given'));
  it.each([
    ['index 5 is out of range for axis 0 of extent 5', gather([5], 0, { shape: [1], data: [5], constant: true })],
    ['index -6 is out of range', gather([5], 0, { shape: [1], data: [-6], constant: true })],
    ['has no elements', gather([0], 0, { shape: [1], data: [0] })],
    ['axis 1 is out of range', gather([5], 1, { shape: [1], data: [0] })],
    ['must be int32 or int64', gather([5], 0, { shape: [1], data: [0], dtype: 'float32' })],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
