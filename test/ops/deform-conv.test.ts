import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

interface Layout {
  readonly x: readonly [number, number, number, number];
  readonly filters: number;
  readonly kernel?: readonly [number, number];
  readonly pads?: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly group?: number;
  readonly offset_group?: number;
  readonly bias?: boolean;
  readonly mask?: boolean;
}

const deformed = ({ x, filters, kernel = [3, 3], bias, mask, ...attributes }: Layout): OpCase => {
  const { pads = [0, 0, 0, 0], strides = [1, 1], dilations = [1, 1], group = 1, offset_group = 1 } = attributes;
  const [rows, columns] = [0, 1].map(
    (i) => Math.floor((x[2 + i]! + pads[i]! + pads[2 + i]! - (kernel[i]! - 1) * dilations[i]! - 1) / strides[i]!) + 1,
  ) as [number, number];
  const taps = offset_group * kernel[0] * kernel[1];
  const inputs: (InputSpec | undefined)[] = [
    { shape: x },
    { shape: [filters, x[1] / group, ...kernel] },
    // Beyond the borders, too.
    { shape: [x[0], 2 * taps, rows, columns], range: [-3, 3] },
    bias ? { shape: [filters] } : undefined,
    mask ? { shape: [x[0], taps, rows, columns], range: [0, 1] } : undefined,
  ];
  return {
    name: JSON.stringify({ x, filters, kernel, bias, mask, ...attributes }),
    op: 'DeformConv',
    inputs: inputs.slice(0, inputs.findLastIndex((one) => one) + 1),
    attributes,
    tolerance: tolerances.reduction,
  };
};

const cases: OpCase[] = [
  deformed({ x: [1, 1, 3, 3], filters: 1, kernel: [2, 2] }),
  deformed({ x: [2, 3, 7, 6], filters: 5, bias: true }),
  deformed({ x: [2, 4, 7, 6], filters: 6, pads: [1, 1, 1, 1], group: 2, mask: true }),
  deformed({
    x: [1, 4, 9, 9],
    filters: 4,
    pads: [2, 1, 0, 1],
    strides: [2, 1],
    dilations: [2, 2],
    offset_group: 2,
    bias: true,
    mask: true,
  }),
  deformed({ x: [1, 6, 5, 33], filters: 6, kernel: [1, 5], group: 6, offset_group: 3 }),
  deformed({ x: [0, 2, 4, 4], filters: 2 }),
];

const withInput = (index: number, spec: InputSpec, attributes = {}): OpCase => {
  const { inputs, ...rest } = cases[3] as OpCase;
  return {
    ...rest,
    inputs: inputs.map((one, i) => (i === index ? spec : one)),
    attributes: { ...rest.attributes, ...attributes },
  };
};

describe('deformable convolution', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(cases[3] as OpCase, 'offset[moved + plane]', 'offset[moved]');
    await expectWrongKernelRejected(cases[1] as OpCase, '(1.0 - down) * above', 'down * above');
  });
  it.each([
    [withInput(1, { shape: [4, 3, 3, 3] }), 'input channels must be 3'],
    [withInput(2, { shape: [1, 18, 4, 7] }), "dimension 1 of 'in2' must be 36"],
    [withInput(3, { shape: [5] }), "dimension 0 of 'in3' must be 4"],
    [withInput(4, { shape: [1, 18, 4] }), "'in4' must have 4 dimensions"],
    [withInput(4, { shape: [1, 18, 4, 7], dtype: 'int32' }), "'in4' must be float32"],
    [withInput(3, { shape: [4] }, { offset_group: 3 }), 'offset_group 3 does not divide 4'],
    [withInput(3, { shape: [4] }, { group: 3 }), 'group 3 does not divide 4'],
    [withInput(0, { shape: [4, 9, 9] }), 'must have 4 dimensions'],
    [withInput(0, { shape: [1, 4, 9, 9], dtype: 'int32' }), 'not defined for int32'],
  ])('refuses %o', (opCase, message) => expect(() => caseGraph(opCase as OpCase)).toThrow(message as string));
});
