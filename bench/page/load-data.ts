import type { BenchLoad } from '../results.js';
import type { Curves } from './chart-data.js';

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** Percentiles of the latency by the rate of the requests. */
export const loadCurves = (loads: readonly BenchLoad[]): Curves => {
  const rows = [...loads].sort((a, b) => a.offeredPerSecond - b.offeredPerSecond);
  return {
    x: rows.map(({ offeredPerSecond }) => offeredPerSecond),
    series: PERCENTILES.map((label) => ({ label, y: rows.map(({ latencyMs }) => latencyMs[label]) })),
  };
};

export interface BatchShare {
  /** Samples of a batch: more than half as many, up to this. */
  readonly upTo: number;
  readonly count: number;
  /** Of the samples that were run, how many were in such batches: 0 to 1. */
  readonly share: number;
}

const SIZES = [1, 2, 4, 8, 16, 32];

/** Which part of the samples ran in batches of which size. */
export const batchShares = (batches: BenchLoad['batches']): BatchShare[] => {
  const rows = Object.entries(batches).map(([size, count]) => ({ size: Number(size), count }));
  const all = rows.reduce((sum, { size, count }) => sum + size * count, 0);
  return SIZES.map((upTo, i) => {
    const own = rows.filter(({ size }) => size > (SIZES[i - 1] ?? 0) && (size <= upTo || i === SIZES.length - 1));
    const samples = own.reduce((sum, { size, count }) => sum + size * count, 0);
    return { upTo, count: own.reduce((sum, { count }) => sum + count, 0), share: all > 0 ? samples / all : 0 };
  });
};
