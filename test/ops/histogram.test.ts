import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import type { Plan } from '../../src/plan/plan.js';
import { tolerances } from '../../src/tensor/compare.js';
import { checkOp, type OpCase } from '../support/check-op.js';
import { expectRefused } from '../support/quantized.js';

const next = random(5);

/** Values well inside the bins, so that rounding decides nothing, and some outside of all. */
const values = (count: number, low: number, high: number, bins: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    if (i % 17 === 3) return low - 1 - i;
    if (i % 19 === 5) return high + 1 + i;
    return low + ((Math.floor(next() * bins) + 0.25 + next() / 2) * (high - low)) / bins;
  });

const histogramCase = (shape: readonly number[], low: number, high: number, bins: number): OpCase => ({
  name: `[${shape}] in ${bins} bins from ${low} to ${high}`,
  op: 'tilewise.Histogram',
  inputs: [
    {
      shape,
      data: values(
        shape.reduce((a, b) => a * b, 1),
        low,
        high,
        bins,
      ),
    },
  ],
  attributes: { low, high, bins },
  tolerance: tolerances.exact,
});

const cases: OpCase[] = [
  histogramCase([1], -1, 1, 1),
  histogramCase([31], -1, 1, 8),
  histogramCase([2, 33], 0, 6, 64),
  histogramCase([127, 3], -3, 0, 65),
  histogramCase([5000], -2, 2.5, 128),
  histogramCase([4, 3, 33, 41], -100, 250, 256),
  histogramCase([1, 300, 300], 0, 1, 512),
  histogramCase([257], 0, 1e-3, 2048),
  histogramCase([0, 3], 0, 1, 16),
  {
    ...histogramCase([6], 0, 4, 4),
    name: 'NaN, infinities and borders',
    inputs: [{ shape: [6], data: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 4, 2] }],
  },
];

describe('histogram', () => {
  it.each(cases)('$name', (opCase) => checkOp(opCase));

  it.each([
    ['histogram', 'v - params.low', 'v + params.low'],
    ['histogram-sum', 'sum += partial', 'sum = partial'],
  ])('rejects a wrong kernel %s', async (kernel, right, wrong) => {
    const alter = (plan: Plan): Plan => ({
      ...plan,
      pipelines: plan.pipelines.map((p) => (p.kernel === kernel ? { ...p, code: p.code.replace(right, wrong) } : p)),
    });
    await expect(checkOp(cases[5] as OpCase, alter)).rejects.toThrow(/differ/);
  });

  it.each([
    ['bins from 1 to 1 are not possible', { low: 1, high: 1, bins: 4 }, 'float32'],
    ['bins from 0 to Infinity are not possible', { low: 0, high: Number.POSITIVE_INFINITY, bins: 4 }, 'float32'],
    ['bins from 0 to 1e-45 are not possible', { low: 0, high: 1e-45, bins: 4 }, 'float32'],
    ['the input must be float32, got int32', { low: 0, high: 1, bins: 4 }, 'int32'],
  ] as const)('refuses: %s', (message, attributes, dtype) =>
    expectRefused('tilewise.Histogram', [{ shape: [3], dtype }], message, attributes),
  );
});
