import type { BenchResult, BenchRoofs } from '../results.js';

/** Curves over the same places; null where a curve has no point. */
export interface Curves {
  readonly x: readonly number[];
  readonly series: readonly { readonly label: string; readonly y: readonly (number | null)[] }[];
}

interface Point {
  readonly x: number;
  readonly label: string;
  readonly y: number;
}

const curvesOf = (points: readonly Point[]): Curves => {
  const x = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const labels = [...new Set(points.map(({ label }) => label))];
  const at = (label: string, place: number): number | null =>
    points.find((point) => point.label === label && point.x === place)?.y ?? null;
  return { x, series: labels.map((label) => ({ label, y: x.map((place) => at(label, place)) })) };
};

/** GFLOP/s of products of square matrices, by their size, for every kernel. */
export const ladderCurves = (results: readonly BenchResult[]): Curves =>
  curvesOf(
    results.flatMap(({ case: name, variant, gflops }) => {
      const [, m, k, n] = /^matmul\/(\d+)x(\d+)x(\d+)$/.exec(name) ?? [];
      return m !== undefined && m === k && k === n ? [{ x: Number(m), label: variant, y: gflops }] : [];
    }),
  );

/** Images per second by the size of a batch. */
export const batchCurves = (results: readonly BenchResult[]): Curves =>
  curvesOf(
    results.flatMap(({ case: name, batch, imagesPerSecond }) =>
      batch !== undefined && imagesPerSecond !== undefined
        ? [{ x: batch, label: name.split('/')[0] as string, y: imagesPerSecond }]
        : [],
    ),
  );

/** A kernel on the roofline: FLOP per byte that must be moved, and GFLOP/s. */
export interface RooflinePoint {
  readonly name: string;
  readonly intensity: number;
  readonly gflops: number;
}

export const rooflinePoints = (results: readonly BenchResult[]): RooflinePoint[] =>
  results
    .filter(({ flops, bytes, gflops }) => flops > 0 && bytes > 0 && gflops > 0)
    .map(({ name, flops, bytes, gflops }) => ({ name, intensity: flops / bytes, gflops }))
    .sort((a, b) => a.intensity - b.intensity);

/** The roof over so many FLOP per byte, in GFLOP/s (Williams, Waterman and Patterson, "Roofline", 2009). */
export const roofAt = ({ aluGflops, memoryGBs }: BenchRoofs, intensity: number): number =>
  Math.min(aluGflops, intensity * memoryGBs);

/** Where the roof begins, bends and ends, beyond all points. */
export const roofCorners = (roofs: BenchRoofs, points: readonly RooflinePoint[]): number[] => {
  const ridge = roofs.aluGflops / roofs.memoryGBs;
  const all = [ridge, ...points.map(({ intensity }) => intensity)];
  return [Math.min(...all) / 2, ridge, Math.max(...all) * 2];
};

export interface Histogram {
  /** Middles of the bins, in milliseconds. */
  readonly x: readonly number[];
  readonly counts: readonly number[];
}

const BINS = 20;

/** Counts of latencies in bins of equal width. */
export const histogramOf = (ms: readonly number[]): Histogram => {
  if (ms.length === 0) return { x: [], counts: [] };
  const least = Math.min(...ms);
  const width = (Math.max(...ms) - least || least || 1) / BINS;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of ms) counts[Math.min(BINS - 1, Math.floor((value - least) / width))]!++;
  return { x: counts.map((_, i) => least + (i + 0.5) * width), counts };
};
