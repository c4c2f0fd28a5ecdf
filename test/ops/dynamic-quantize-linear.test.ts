import { describe, it } from 'vitest';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';
import { expectRefused, integers } from '../support/quantized.js';

const dynamicCase = (name: string, input: InputSpec): OpCase => ({
  name: `DynamicQuantizeLinear ${name}`,
  op: 'DynamicQuantizeLinear',
  inputs: [input],
  outputs: 3,
  tolerance: tolerances.exact,
});

const cases: OpCase[] = [
  ...[1, 3, 33, 255, 256, 257, 1000].map((size) => dynamicCase(`${size} elements`, { shape: [size] })),
  dynamicCase('all positive', { shape: [2, 31], range: [1, 7] }),
  dynamicCase('all negative', { shape: [2, 31], range: [-7, -1] }),
  dynamicCase('zeros', { shape: [5], data: [0, 0, 0, 0, 0] }),
  dynamicCase('no elements', { shape: [0, 4] }),
  dynamicCase('ties', { shape: [7], data: [0, 255, 0.5, 1.5, 2.5, 253.5, 254.5] }),
  dynamicCase('small', { shape: [3, 7], range: [-1e-20, 1e-20] }),
  dynamicCase('large', { shape: [3, 7], range: [-1e25, 1e25] }),
];

describe('dynamic-quantize-linear', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(cases[3] as OpCase, 'x[i]', '-x[i]'));
  it('refuses integers', () =>
    expectRefused('DynamicQuantizeLinear', [integers('int8', [2])], 'the input must be float32, got int8'));
});
