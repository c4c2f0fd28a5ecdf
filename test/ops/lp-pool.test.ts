import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const tolerance = tolerances.reduction;
const table: [number[], Record<string, unknown>][] = [
  [[1, 1, 1], { kernel_shape: [1] }],
  [[2, 3, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] }],
  [[1, 2, 5, 6], { kernel_shape: [2, 3] }],
  [[2, 4, 7, 5], { kernel_shape: [3, 2], strides: [2, 3], pads: [1, 0, 1, 1] }],
  [[1, 3, 8, 8], { kernel_shape: [2, 2], dilations: [2, 3], ceil_mode: true, strides: [2, 2] }],
  [[1, 3, 5, 5], { kernel_shape: [3, 3], auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  [[1, 3, 5, 6], { kernel_shape: [2, 4], auto_pad: 'SAME_LOWER' }],
  [[0, 3, 5, 6], { kernel_shape: [2, 2] }],
];
const swap = ([n, c, ...pixels]: number[]): number[] => [n as number, ...pixels, c as number];

const cases: OpCase[] = [false, true].flatMap((channelsLast) => [
  ...table.flatMap(([x, attributes], i) =>
    (i % 2 === 0 ? [1, 2] : [2, 3, 5]).map((p) => ({
      name: `LpPool p ${p} [${x}] ${JSON.stringify(attributes)}${channelsLast ? ', channels last' : ''}`,
      op: 'LpPool',
      inputs: [{ shape: channelsLast ? swap(x) : x }],
      attributes: { ...attributes, p, channelsLast } as NonNullable<OpCase['attributes']>,
      tolerance,
    })),
  ),
  ...[
    [1, 1, 1],
    [2, 3, 31],
    [2, 5, 4, 33],
    [1, 4, 2, 3, 4],
  ].flatMap((x) =>
    [1, 2, 3].map((p) => ({
      name: `GlobalLpPool p ${p} [${x}]${channelsLast ? ', channels last' : ''}`,
      op: 'GlobalLpPool',
      inputs: [{ shape: channelsLast ? swap(x) : x }],
      attributes: { p, channelsLast },
      tolerance,
    })),
  ),
]);
const special: OpCase[] = [
  {
    name: 'zeros',
    op: 'GlobalLpPool',
    inputs: [{ shape: [1, 2, 3], data: [0, 0, 0, 0, 1, 0] }],
    attributes: { p: 3 },
    tolerance,
  },
  {
    name: 'Relu after it',
    op: 'LpPool',
    inputs: [{ shape: [1, 2, 5] }],
    attributes: { kernel_shape: [2], epilogue: [{ op: 'Relu', attributes: {} }] },
    tolerance,
  },
];

describe('lp-pool', () => {
  it.each([...cases, ...special])('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () =>
    expectWrongKernelRejected(cases.find(({ name }) => name.includes('pads')) as OpCase, '- params.pad_w', ''));

  it.each([
    ['LpPool', { shape: [1, 2, 5] }, {}, "'kernel_shape' is missing"],
    ['LpPool', { shape: [1, 2, 5] }, { kernel_shape: [6] }, 'does not fit'],
    ['LpPool', { shape: [1, 2, 5] }, { kernel_shape: [2, 2] }, 'elements'],
    ['GlobalLpPool', { shape: [1, 2] }, {}, 'at least 3 dimensions'],
    ['GlobalLpPool', { shape: [1, 2, 3], dtype: 'int32' }, {}, 'not defined for int32'],
  ] as [string, InputSpec, object, string][])('%s refuses %o %o', (op, x, attributes, message) => {
    expect(() => caseGraph({ name: '', op, inputs: [x], attributes: { ...attributes }, tolerance })).toThrow(message);
  });
});
