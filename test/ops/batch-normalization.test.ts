import { describe, expect, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const epilogue = [{ op: 'LeakyRelu', attributes: { alpha: 0.1 } }];

const normalization = (shape: number[], attributes: OpCase['attributes'] = {}, constant = false): OpCase => {
  const channels = (attributes.channelsLast ? shape.at(-1) : shape[1]) as number;
  const vector = (range: [number, number]): InputSpec => ({ shape: [channels], range, constant });
  return {
    name: `[${shape}] ${JSON.stringify(attributes)} ${constant ? 'constant' : ''}`,
    op: 'BatchNormalization',
    inputs: [{ shape }, vector([-2, 2]), vector([-1, 1]), vector([-1, 1]), vector([0.5, 2])],
    attributes,
    tolerance: tolerances.reduction,
  };
};

const shapes = [
  [2, 3],
  [3, 8],
  [1, 5, 4],
  [2, 3, 5, 7],
  [2, 4, 3, 3],
  [2, 5, 2, 2],
  [1, 33, 1, 1],
  [2, 3, 2, 3, 4],
  [0, 3, 2, 2],
];
const cases: OpCase[] = [
  ...shapes.flatMap((shape) => [false, true].map((channelsLast) => normalization(shape, { channelsLast }))),
  normalization([2, 3, 4, 4], { epsilon: 0.5 }, true),
  normalization([2, 8, 3, 3], { epsilon: 0.1, channelsLast: false, epilogue }),
  normalization([2, 3, 3, 8], { epsilon: 0.1, channelsLast: true, epilogue }),
  normalization([2, 3, 2, 2], { epilogue }),
];

const nan: OpCase = {
  ...normalization([1, 2, 2]),
  name: 'NaN',
  inputs: [
    { shape: [1, 2, 2], data: [Number.NaN, 1, 2, Number.POSITIVE_INFINITY] },
    ...[2, 1, 0, 0].map((v) => ({ shape: [2], data: [v, v + 1] })),
  ],
};

describe('batch normalization', () => {
  it.each([...cases, nan])('$name', (opCase) => checkOp(opCase));

  it.each([
    ['Elem(bias[c])', 'Elem(mean[c])'],
    ['/ params.stride', '/ 1'],
  ])('rejects a wrong kernel: %s', (right, wrong) => expectWrongKernelRejected(normalization([2, 3, 5, 7]), right, wrong));

  it('refuses vectors that do not fit the channels', () => {
    const inputs = [...normalization([2, 3, 4]).inputs.slice(0, 4), { shape: [4] }];
    expect(() => caseGraph({ ...normalization([2, 3, 4]), inputs })).toThrow('the length of the variance must be 3, got 4');
    const matrix = [{ shape: [2, 3, 4] }, { shape: [1, 3] }, ...normalization([2, 3, 4]).inputs.slice(2)];
    expect(() => caseGraph({ ...normalization([2, 3, 4]), inputs: matrix })).toThrow('the scale must have 1 dimension');
  });

  it('refuses integers, vectors and the outputs of training', () => {
    const inputs = [{ shape: [2, 3], dtype: 'int32' as const }, ...normalization([2, 3]).inputs.slice(1)];
    expect(() => caseGraph({ ...normalization([2, 3]), inputs })).toThrow('not defined for int32');
    expect(() => caseGraph({ ...normalization([2, 3]), inputs: [{ shape: [3] }, ...inputs.slice(1)] })).toThrow('at least 2');
    expect(() => caseGraph({ ...normalization([2, 3]), outputs: 3 })).toThrow('training');
  });
});
