import { describe, expect, it } from 'vitest';
import { type DeviceFacts, defaultFacts } from '../../src/kernels/facts.js';
import { buildPlan } from '../../src/plan/build.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type OpCase, withoutSubgroups } from '../support/check-op.js';

const kinds = ['cpu', 'gpu'] as const;
const operators = ['Softmax', 'LogSoftmax'] as const;
type Kind = DeviceFacts['kind'];

const softmax = (op: string, shape: number[], attributes: { axis?: number; toEnd?: boolean }, kind: Kind): OpCase => ({
  name: `${op} [${shape}] ${JSON.stringify(attributes)} ${kind}`,
  op,
  inputs: [{ shape, range: [-9, 9] }],
  attributes,
  tolerance: tolerances.transcendental,
  facts: { kind },
});

const rows = [1, 3, 4, 5, 31, 32, 33, 63, 64, 65, 127, 129, 256, 1000, 2048, 2051];
const shapes: [number[], { axis?: number; toEnd?: boolean }][] = [
  ...rows.map((length): [number[], { axis?: number }] => [[3, length], {}]),
  [[5], { axis: 0 }],
  [[70], { axis: -1 }],
  [[2, 3, 4], { axis: 0 }],
  [[2, 3, 4], { axis: 1 }],
  [[2, 3, 5], { axis: -2 }],
  [[2, 3, 5, 7], { axis: 1 }],
  [[2, 70, 2, 2], { axis: 1 }],
  [[2, 70, 1, 1], { axis: 1 }],
  [[2, 3, 5, 7], { axis: 1, toEnd: true }],
  [[2, 3, 4, 5], { axis: -2, toEnd: true }],
  [[2, 3, 5], { axis: 0, toEnd: true }],
  [[0, 3], {}],
  [[3, 0], {}],
  [[1, 70, 1], { axis: 0 }],
];
const cases = kinds.flatMap((kind) =>
  operators.flatMap((op) => shapes.map(([shape, attributes]) => softmax(op, shape, attributes, kind))),
);

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const ramp = (length: number, change: (at: number) => number | undefined): number[] =>
  Array.from({ length }, (_, i) => change(i) ?? (i % 7) - 3);

/** Rows of 5 and, beside the serial kernel's, of lengths that workgroups share. */
const special: OpCase[] = kinds.flatMap((kind) =>
  operators.flatMap((op) =>
    [5, 67, 68].flatMap((length) =>
      (
        [
          ['NaN', (i) => (i === length - 2 ? nan : undefined)],
          ['NaN first', (i) => (i === 0 ? nan : undefined)],
          ['infinity', (i) => (i === 1 ? infinity : undefined)],
          ['-infinity', (i) => (i === 1 ? -infinity : undefined)],
          ['-infinity alone', () => -infinity],
          ['large numbers', (i) => 1e4 + i],
          ['far apart', (i) => (i === 3 ? 3e38 : -3e38)],
        ] as [string, (at: number) => number | undefined][]
      ).map(([what, change]) => ({
        ...softmax(op, [2, length], {}, kind),
        name: `${op} of ${length} with ${what}, ${kind}`,
        inputs: [{ shape: [2, length], data: [...ramp(length, change), ...ramp(length, () => undefined)] }],
      })),
    ),
  ),
);

const columns: OpCase[] = operators.map((op) => ({
  ...softmax(op, [1, 3, 4], { axis: 1 }, 'gpu'),
  name: `${op} of four columns, one with NaN`,
  inputs: [{ shape: [1, 3, 4], data: [1, 2, nan, 4, 5, -infinity, 7, 8, 9, 10, 11, infinity] }],
}));

describe('softmax', () => {
  it.each([...cases, ...special, ...columns, ...withoutSubgroups([...cases, ...special])])('$name', (opCase) => checkOp(opCase));

  it('shares long rows among a workgroup on GPUs', () => {
    const kernelOf = (shape: number[], axis: number, kind: Kind): string | undefined =>
      buildPlan(caseGraph(softmax('Softmax', shape, { axis }, kind)).graph, { ...defaultFacts, kind }).pipelines[0]?.kernel;
    expect(kernelOf([2, 64], 1, 'gpu')).toBe('softmax-workgroup');
    expect(kernelOf([2, 64], 1, 'cpu')).toBe('softmax');
    expect(kernelOf([2, 63], 1, 'gpu')).toBe('softmax');
    expect(kernelOf([64, 2], 0, 'gpu')).toBe('softmax');
  });

  it.each([
    [softmax('Softmax', [3, 5], {}, 'cpu'), 'at = first + step', 'at = first + 2 * step'],
    [softmax('Softmax', [3, 129], {}, 'gpu'), 'partials[lane] += ', 'partials[lane] = '],
    [softmax('Softmax', [3, 129], {}, 'gpu'), /sum \+= neighbour.*/, ''],
    [softmax('LogSoftmax', [3, 128], {}, 'gpu'), 'partials[lane / SUBGROUP] = sum', 'partials[0] = sum'],
    [softmax('LogSoftmax', [3, 5], {}, 'cpu'), '- shift', '- most'],
    [softmax('LogSoftmax', [3, 128], {}, 'gpu'), 'v.z + v.w', 'v.z'],
  ] as [OpCase, string | RegExp, string][])('rejects a wrong kernel: $0.name', (opCase, right, wrong) =>
    expectWrongKernelRejected(wide(opCase), right, wrong),
  );

  it('refuses an axis out of range and integers', () => {
    expect(() => caseGraph(softmax('Softmax', [2, 3], { axis: 2 }, 'cpu'))).toThrow('axis 2 is out of range');
    const inputs = [{ shape: [2], dtype: 'int32' as const }];
    expect(() => caseGraph({ ...softmax('Softmax', [2], {}, 'cpu'), inputs })).toThrow('not defined for int32');
  });
});

/** Numbers so large that their exponentials overflow, unless the very maximum is subtracted. */
const wide = (opCase: OpCase): OpCase => ({
  ...opCase,
  inputs: opCase.inputs.map((spec) => spec && { ...spec, range: [0, 400] }),
});
