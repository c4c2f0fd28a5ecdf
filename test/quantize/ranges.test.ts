import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { chooseRange, type Distribution, type RangeMethod, type RangeOptions } from '../../src/quantize/ranges.js';

const options = (method: RangeMethod, more: Partial<RangeOptions> = {}): RangeOptions => ({
  method,
  percentile: 99,
  type: 'int8',
  symmetric: false,
  ...more,
});

const distributionOf = (numbers: readonly number[], bins = 2048): Distribution => {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const counts = new Float64Array(bins);
  for (const x of numbers) {
    const bin = Math.min(bins - 1, Math.floor(((x - low) / (high - low)) * bins));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { low, high, counts };
};

const next = random(3);
const normal = (): number => Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
const normals = Array.from({ length: 50_000 }, normal);

describe('ranges from distributions', () => {
  it('min-max takes all that was seen', () => {
    expect(chooseRange(distributionOf([...normals, 80]), options('min-max'))[1]).toBe(80);
  });

  it('percentile leaves out the tails', () => {
    const uniform = distributionOf(Array.from({ length: 10_001 }, (_, i) => i / 100));
    const [low, high] = chooseRange(uniform, options('percentile', { percentile: 95 }));
    expect(low).toBeCloseTo(5, 0);
    expect(high).toBeCloseTo(95, 0);
    expect(chooseRange(uniform, options('percentile', { percentile: 100 }))).toEqual([0, 100]);
    // Rectified values: half of them are the least one.
    expect(chooseRange(distributionOf(normals.map((x) => Math.max(0, x))), options('percentile'))[0]).toBe(0);
  });

  it.each([
    ['mse', 'int4'],
    ['entropy', 'int8'],
  ] as const)('%s clips an outlier, and nothing of numbers that are spread evenly', (method, type) => {
    const [low, high] = chooseRange(distributionOf([...normals, 80]), options(method, { type }));
    expect(high).toBeGreaterThan(2);
    expect(high).toBeLessThan(12);
    expect(low).toBeLessThan(-2);
    const even = chooseRange(distributionOf(Array.from({ length: 20_001 }, (_, i) => i / 10_000 - 1)), options(method));
    expect(even[0]).toBeLessThan(-0.95);
    expect(even[1]).toBeGreaterThan(0.95);
  });

  it('mse treats both ends by themselves', () => {
    const [low, high] = chooseRange(distributionOf([...normals.map((x) => Math.abs(x)), -40]), options('mse', { type: 'int4' }));
    expect(low).toBeGreaterThan(-1);
    expect(high).toBeGreaterThan(1.5);
  });

  it('a value that never changes keeps its bounds', () => {
    const constant = { low: 3, high: 3, counts: new Float64Array(0) };
    for (const method of ['min-max', 'percentile', 'mse', 'entropy'] as const) {
      expect(chooseRange(constant, options(method))).toEqual([3, 3]);
    }
  });

  it.each([0, 50, 101, Number.NaN])('refuses the percentile %d', (percentile) => {
    expect(() => chooseRange(distributionOf(normals), options('percentile', { percentile }))).toThrow(
      'percentile must be above 50',
    );
  });
});
