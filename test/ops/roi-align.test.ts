import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const images = (...data: number[]): InputSpec => ({ shape: [data.length], dtype: 'int64', data });
const regions: InputSpec = {
  shape: [5, 4],
  data: [0, 0, 9, 9, 1.3, 2.6, 7.1, 3.4, -4, -3, 4, 30, 5, 5, 5.3, 5.2, 6, 6, 2, 1],
};
const given: Attributes[] = [
  {},
  { output_height: 3, output_width: 2 },
  { output_height: 2, output_width: 5, sampling_ratio: 2, spatial_scale: 0.7 },
  { output_height: 3, output_width: 3, sampling_ratio: 3, coordinate_transformation_mode: 'output_half_pixel' },
  { output_height: 2, output_width: 3, coordinate_transformation_mode: 'output_half_pixel' },
];
const cases: OpCase[] = given.flatMap((attributes) =>
  (['avg', 'max'] as const).map((mode) => ({
    name: `${mode} ${JSON.stringify(attributes)}`,
    op: 'RoiAlign',
    inputs: [{ shape: [2, 3, 9, 8] }, regions, images(0, 1, 1, 0, 0)],
    attributes: { mode, ...attributes },
    tolerance: tolerances.reduction,
  })),
);
const none: OpCase = {
  name: 'no region',
  op: 'RoiAlign',
  inputs: [{ shape: [2, 3, 9, 8] }, { shape: [0, 4] }, images()],
  tolerance: tolerances.exact,
};

describe('roi-align', () => {
  it.each([...cases, none])('$name', (opCase) => checkOp(opCase));
  it('rejects wrong kernels', async () => {
    await expectWrongKernelRejected(cases[2] as OpCase, 'let g = 1 - f', 'let g = f');
    await expectWrongKernelRejected(cases[3] as OpCase, 'most = max(most, v)', 'most = v');
  });
  it.each([
    [[{ shape: [2, 3, 9] }, regions, images(0, 0, 0, 0, 0)], {}, '4 dimensions'],
    [[{ shape: [2, 3, 9, 8] }, { shape: [5, 3] }, images(0, 0, 0, 0, 0)], {}, 'must be 4'],
    [[{ shape: [2, 3, 9, 8] }, regions, images(0, 0)], {}, 'must be 5'],
    [[{ shape: [2, 3, 0, 8] }, regions, images(0, 0, 0, 0, 0)], {}, 'no pixels'],
  ] as [InputSpec[], Attributes, string][])('refuses %o', (inputs, attributes, message) => {
    expect(() => caseGraph({ name: '', op: 'RoiAlign', inputs, attributes, tolerance: tolerances.exact })).toThrow(message);
  });
});
