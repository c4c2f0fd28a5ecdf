import { describe, expect, it } from 'vitest';
import { compareNumbers, describeComparison, matmulTolerance, type Tolerance, tolerances } from '../../src/tensor/compare.js';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const equal = (actual: number[], expected: number[], tolerance: Tolerance = tolerances.exact): boolean =>
  compareNumbers(actual, expected, tolerance).equal;

describe('compareNumbers', () => {
  it.each([
    [[nan], [nan], true],
    [[inf], [inf], true],
    [[-inf], [-inf], true],
    [[0], [-0], true],
    [[inf], [-inf], false],
    [[nan], [1], false],
    [[1], [nan], false],
    [[inf], [1], false],
    [[1], [inf], false],
    [[nan], [inf], false],
  ])('%j against %j', (actual, expected, passes) => {
    expect(equal(actual, expected)).toBe(passes);
    expect(equal(actual, expected, { atol: 1e9, rtol: 1e9 }), 'no tolerance is wide enough for non-finite values').toBe(passes);
  });

  it('allows atol + rtol |expected| and no more', () => {
    expect(equal([1.25], [1], { atol: 0.25, rtol: 0 })).toBe(true);
    expect(equal([1.25], [1], { atol: 0.125, rtol: 0.125 })).toBe(true);
    expect(equal([1.26], [1], { atol: 0.125, rtol: 0.125 })).toBe(false);
    expect(equal([1], [1.5], { atol: 0, rtol: 0.25 }), 'relative to the expected value').toBe(false);
    expect(equal([1.5], [2], { atol: 0, rtol: 0.25 })).toBe(true);
  });

  it('reports the worst element and how many differ', () => {
    const comparison = compareNumbers([1, 2, 3, 9], [1, 2.5, 3, 4], tolerances.exact);
    expect(comparison).toEqual({ equal: false, differing: 2, size: 4, worst: { index: 3, actual: 9, expected: 4, error: 5 } });
    expect(describeComparison(comparison)).toBe('2 of 4 elements differ; worst at 3: got 9, expected 4 (error 5)');
    expect(compareNumbers([1, nan, 9], [1, 2, 3], tolerances.exact).worst).toMatchObject({ index: 1, error: inf });
  });

  it('fails where the lengths differ', () => {
    expect(equal([], [1])).toBe(false);
    expect(equal([1, 2], [1])).toBe(false);
    expect(equal([], [])).toBe(true);
  });

  it('widens with the length of a sum', () => {
    expect(matmulTolerance(1000).atol).toBeGreaterThan(matmulTolerance(10).atol);
    expect(matmulTolerance(64).atol, 'a wrong product of ordinary size is still seen').toBeLessThan(1e-3);
  });
});
