import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/plan/plan.js';
import { tolerances } from '../../src/tensor/compare.js';
import type { DType } from '../../src/tensor/dtype.js';
import { caseGraph, checkOp, type InputSpec, type OpCase } from '../support/check-op.js';

const reductions = ['add', 'mul', 'max', 'min'] as const;
const toleranceOf = (dtype: DType) => (dtype === 'float32' ? tolerances.arithmetic : tolerances.exact);
const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Data, indices and updates, axis. */
const layouts: [number[], number[], number][] = [
  [[1], [1], 0],
  [[5], [33], 0],
  [[3, 4], [3, 7], 1],
  [[3, 4], [2, 4], 0],
  [[33, 4], [5, 3], -2],
  [[2, 31, 3], [2, 5, 3], 1],
  [[2, 3, 4, 5], [1, 2, 6, 4], 2],
  [[3, 4], [0, 4], 0],
];
const elementCases: OpCase[] = layouts.flatMap(([shape, updates, axis], i) =>
  reductions.flatMap((reduction) =>
    (['float32', 'int32', 'uint8'] as const).map((dtype) => {
      const extent = shape.at(axis) as number;
      // uint8 saturates where sums of it leave the range.
      const range: [number, number] = dtype === 'uint8' ? [0, 1] : [-3, 3];
      return {
        name: `ScatterElements ${dtype} ${reduction} [${updates}] into [${shape}] along ${axis}`,
        op: 'ScatterElements',
        inputs: [
          { shape, dtype, range },
          { shape: updates, dtype: i % 2 === 0 ? 'int64' : 'int32', range: [-extent, extent - 1], constant: i % 3 === 0 },
          { shape: updates, dtype, range },
        ],
        attributes: { axis, reduction },
        // A product of many floats: a rounding for each.
        tolerance: dtype === 'float32' && reduction !== 'max' && reduction !== 'min' ? tolerances.reduction : toleranceOf(dtype),
      };
    }),
  ),
);

/** Every element of the axis at most once, some counted from the end. */
const distinct = (lines: number, extent: number): number[] =>
  Array.from({ length: lines * extent }, (_, i) => {
    const place = (3 * (i % extent) + Math.floor(i / extent)) % extent;
    return i % 2 === 0 ? place : place - extent;
  });
const replacing: OpCase[] = (['float32', 'int32', 'bool'] as const).flatMap((dtype) => [
  {
    name: `ScatterElements ${dtype} replaces`,
    op: 'ScatterElements',
    inputs: [
      { shape: [3, 5], dtype, range: [0, 1] },
      { shape: [3, 5], dtype: 'int64', data: distinct(3, 5) },
      { shape: [3, 5], dtype, range: [0, 1] },
    ],
    attributes: { axis: 1 },
    tolerance: tolerances.exact,
  },
  {
    name: `ScatterND ${dtype} replaces`,
    op: 'ScatterND',
    inputs: [
      { shape: [5, 3, 2], dtype, range: [0, 1] },
      { shape: [2, 2, 1], dtype: 'int64', data: [4, -5, -3, 1] },
      { shape: [2, 2, 3, 2], dtype, range: [0, 1] },
    ],
    tolerance: tolerances.exact,
  },
]);

/** Data, indices; the indices stay within [-least, least) of the axes that they name. */
const places: [number[], number[], number][] = [
  [[5], [1], 5],
  [[5], [33, 1], 5],
  [[3, 4], [6, 2], 3],
  [[3, 31], [6, 1], 3],
  [[3, 4, 5], [2, 3, 2], 3],
  [[2, 2, 2, 2], [3, 3, 4], 2],
  [[3, 4], [0, 2], 3],
];
const placeCases: OpCase[] = places.flatMap(([shape, indices, least], i) =>
  reductions.flatMap((reduction) =>
    (['float32', 'int32'] as const).map((dtype) => {
      const updates = [...indices.slice(0, -1), ...shape.slice(indices.at(-1) as number)];
      return {
        name: `ScatterND ${dtype} ${reduction} [${indices}] into [${shape}]`,
        op: 'ScatterND',
        inputs: [
          { shape, dtype, range: [-3, 3] },
          { shape: indices, dtype: 'int64', range: [-least, least - 1], constant: i % 2 === 0 },
          { shape: updates, dtype, data: Array.from({ length: product(updates) }, (_, k) => ((k * 7) % 5) - 2) },
        ],
        attributes: { reduction },
        tolerance: dtype === 'float32' ? tolerances.reduction : tolerances.exact,
      };
    }),
  ),
);

const nan: OpCase[] = (['max', 'min'] as const).map((reduction) => ({
  name: `${reduction} with NaN`,
  op: 'ScatterElements',
  inputs: [
    { shape: [4], data: [Number.NaN, 1, 2, 3] },
    { shape: [4], dtype: 'int64', data: [0, 1, 2, 2] },
    { shape: [4], data: [1, Number.NaN, Number.NaN, 1] },
  ],
  attributes: { reduction },
  tolerance: tolerances.exact,
}));

const integers: InputSpec = { shape: [2], dtype: 'int64' };

describe('scatter', () => {
  it.each([...elementCases, ...replacing, ...placeCases, ...nan])('$name', (opCase) => checkOp(opCase));

  it.each([
    ['float32 add [2,5,3]', elementCases, 'place < params.places', 'place + 1 < params.places'],
    ['float32 add [6,1]', placeCases, 'return a + b', 'return b'],
  ])('rejects a wrong kernel for %s', async (name, all, right, wrong) => {
    const opCase = all.find((each) => each.name.includes(name)) as OpCase;
    const breakKernel = (plan: Plan): Plan => ({
      ...plan,
      pipelines: plan.pipelines.map((pipeline) => ({ ...pipeline, code: pipeline.code.replace(right, wrong) })),
    });
    await expect(checkOp(opCase, breakKernel)).rejects.toThrow(/differ/);
  });

  it.each([
    ['ScatterElements', [{ shape: [3] }, integers, { shape: [3] }], {}, 'dimension 0 of indices must be 3'],
    ['ScatterElements', [{ shape: [3, 1] }, { shape: [2, 2], dtype: 'int64' }, { shape: [2, 2] }], {}, 'do not fit'],
    ['ScatterElements', [{ shape: [3, 3] }, integers, { shape: [2] }], {}, 'indices must have 2 dimensions'],
    ['ScatterElements', [{ shape: [3] }, integers, { shape: [2], dtype: 'int32' }], {}, 'updates must be float32'],
    ['ScatterElements', [{ shape: [3] }, { shape: [2] }, { shape: [2] }], {}, 'int32 or int64'],
    ['ScatterElements', [{ shape: [3] }, integers, { shape: [2] }], { axis: 1 }, 'axis 1 is out of range'],
    [
      'ScatterElements',
      [{ shape: [3], dtype: 'bool' }, integers, { shape: [2], dtype: 'bool' }],
      { reduction: 'add' },
      'bool has no reduction',
    ],
    [
      'ScatterND',
      [{ shape: [3] }, { shape: [1, 1], dtype: 'int64', data: [3], constant: true }, { shape: [1] }],
      {},
      'index 3 is out of range',
    ],
    ['ScatterND', [{ shape: [3] }, { shape: [2, 2], dtype: 'int64' }, { shape: [2] }], {}, 'hold places of 2 axes'],
    [
      'ScatterND',
      [{ shape: [3, 4] }, { shape: [2, 1], dtype: 'int64' }, { shape: [2, 3] }],
      {},
      'dimension 1 of updates must be 4',
    ],
  ] as [string, InputSpec[], object, string][])('%s refuses %o %o', (op, inputs, attributes, message) => {
    expect(() => caseGraph({ name: '', op, inputs, attributes: { ...attributes }, tolerance: tolerances.exact })).toThrow(
      message,
    );
  });
});
