import { describe, expect, it } from 'vitest';
import { differs, sampleInTurns, spreadOf, uncertainty } from '../../bench/statistics.js';
import { random } from '../../bench/support/random.js';

describe('statistics', () => {
  it('finds median, tail and deviation', () => {
    expect(spreadOf([5, 1, 2, 4, 3])).toEqual({ median: 3, p95: 4.8, min: 1, deviation: 1, samples: 5 });
    expect(spreadOf([2, 1])).toMatchObject({ median: 1.5, deviation: 0.5 });
    expect(spreadOf([7])).toEqual({ median: 7, p95: 7, min: 7, deviation: 0, samples: 1 });
  });

  it('calls noise no change, and a change one', () => {
    const next = random(1);
    const noisy = (centre: number) => spreadOf(Array.from({ length: 50 }, () => centre * (0.9 + 0.2 * next())));
    expect(differs(noisy(10), noisy(10))).toBe(false);
    expect(differs(noisy(10), noisy(12))).toBe(true);
    expect(differs(noisy(12), noisy(10))).toBe(true);
    const exact = (median: number) => spreadOf([median, median, median]);
    expect(differs(exact(100), exact(104))).toBe(false);
    expect(differs(exact(100), exact(106))).toBe(true);
  });

  it('is surer with more samples', () => {
    const spread = { median: 1, p95: 2, min: 0.5, deviation: 0.1, samples: 4 };
    expect(uncertainty({ ...spread, samples: 16 })).toBeCloseTo(uncertainty(spread) / 2);
  });

  it('samples in turn, forwards and backwards', async () => {
    const order: string[] = [];
    const task = (name: string) => async () => order.push(name);
    const samples = await sampleInTurns([task('a'), task('b'), task('c')], { budgetMs: 0 });
    expect(order.join('')).toBe('abccbaabc');
    expect(samples).toEqual([
      [1, 6, 7],
      [2, 5, 8],
      [3, 4, 9],
    ]);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const task = async () => {
      stop.abort();
      return 1;
    };
    const sampling = sampleInTurns([task], { budgetMs: 1000, signal: stop.signal });
    await expect(sampling).rejects.toMatchObject({ code: 'aborted' });
  });
});
