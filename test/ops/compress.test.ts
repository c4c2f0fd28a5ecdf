import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const flags = (...data: number[]): InputSpec => ({ shape: [data.length], dtype: 'bool', data, constant: true });
const pick = (shape: number[], condition: InputSpec, axis?: number, dtype: InputSpec['dtype'] = 'float32'): OpCase => ({
  name: `${dtype} [${shape}] by ${condition.data} ${axis === undefined ? '' : `along ${axis}`}`,
  op: 'Compress',
  inputs: [{ shape, dtype }, condition],
  attributes: { axis },
  tolerance: tolerances.exact,
});
const cases = [
  pick([3, 2], flags(0, 1, 1), 0),
  pick([3, 2], flags(0, 1), 1),
  pick([3, 5], flags(0, 1, 0, 0, 1, 1)),
  pick([2, 5, 8], flags(1, 0, 0, 1), -2),
  pick([4, 33], flags(1, 0, 0, 1), 0, 'int64'),
  pick([4], flags(0, 0, 0, 0), 0),
  pick([0, 3], flags(1, 1, 0), 1),
];

describe('compress', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases[3] as OpCase, 'let given = indices', 'let given = 0 * indices'));
  it.each([
    [pick([3], flags(1, 1, 1, 1), 0), '4 elements for 3'],
    [pick([3], flags(1, 1, 1, 1)), '4 elements for 3'],
    [pick([3], flags(1), 1), 'out of range'],
    [pick([3], { ...flags(1), dtype: 'int32' }, 0), 'must be bool'],
    [pick([3], { ...flags(1), shape: [1, 1] }, 0), '1 dimension'],
  ])('refuses %o', (opCase, message) => expect(() => caseGraph(opCase)).toThrow(message));
  it('gathers what NonZero finds where a run computes the condition', () => {
    const { graph } = caseGraph({ ...pick([3], { shape: [3], dtype: 'bool', range: [0, 1] }, 0) });
    expect(graph.nodes.map(({ op }) => op)).toEqual(['NonZero', 'Slice', 'Identity', 'Squeeze', 'Gather', 'Identity']);
    const long = { ...pick([3], { shape: [4], dtype: 'bool', range: [0, 1] }, 0) } as OpCase;
    expect(() => caseGraph(long)).toThrow('4 elements for 3');
  });
});
