import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import { dequantizeMatrix, type Matrix, type MatrixOptions, quantizeMatrix } from '../../src/quantize/matrix.js';

const matrixOf = (rows: number, columns: number, f: (r: number, c: number) => number): Matrix => ({
  rows,
  columns,
  data: Float64Array.from({ length: rows * columns }, (_, i) => f(Math.floor(i / columns), i % columns)),
});

const int8: MatrixOptions = { type: 'int8', granularity: 'channel', symmetric: true };
const squaredError = (matrix: Matrix, options: MatrixOptions): number => {
  const rounded = dequantizeMatrix(quantizeMatrix(matrix, options, 'w')).data;
  return matrix.data.reduce((sum, w, i) => sum + (w - (rounded[i] as number)) ** 2, 0);
};

describe('quantized weights', () => {
  const next = random(5);
  const matrix = matrixOf(4, 70, (r) => (2 * next() - 1) * 10 ** -r);

  it('share a scale by tensor, by row or by group', () => {
    const affines = (granularity: MatrixOptions['granularity']) =>
      quantizeMatrix(matrix, { ...int8, granularity }, 'w').affines.map(({ scale }) => scale);
    const largest = (from: number, to: number): number => Math.max(...matrix.data.slice(from, to).map(Math.abs));
    expect(affines('tensor')).toEqual([Math.fround(largest(0, 280) / 127)]);
    expect(affines('channel')).toEqual([0, 1, 2, 3].map((r) => Math.fround(largest(70 * r, 70 * r + 70) / 127)));
    const groups = affines(32);
    expect(groups).toHaveLength(12);
    expect(groups[5]).toBe(Math.fround(largest(70 + 64, 140) / 127));
  });

  it('come closer the fewer of them share a scale', () => {
    const errors = (['tensor', 'channel', 32] as const).map((granularity) => squaredError(matrix, { ...int8, granularity }));
    expect(errors[0]).toBeGreaterThan(errors[1] as number);
    expect(errors[1]).toBeGreaterThan(errors[2] as number);
  });

  it('have zero points where they may', () => {
    const positive = matrixOf(2, 40, (r, c) => r + c / 40);
    const options = { ...int8, symmetric: false };
    expect(squaredError(positive, options)).toBeLessThan(0.35 * squaredError(positive, int8));
    expect(quantizeMatrix(positive, options, 'w').affines.every(({ zeroPoint }) => zeroPoint === -128)).toBe(true);
  });

  it('use every integer, but the smallest in symmetric quantization', () => {
    const { integers } = quantizeMatrix(
      matrixOf(1, 5, (_, c) => [-7, -4, 0, 4, 7][c] as number),
      { ...int8, type: 'int4' },
      'w',
    );
    expect([...integers]).toEqual([-7, -4, 0, 4, 7]);
  });

  it('clip where the error is smaller so', () => {
    const heavy = matrixOf(3, 200, () => (2 * next() - 1) ** 7);
    const options: MatrixOptions = { ...int8, type: 'int4' };
    expect(squaredError(heavy, { ...options, clip: 'mse' })).toBeLessThan(0.9 * squaredError(heavy, options));
  });

  it('of a row of zeros take the smallest scale of the others', () => {
    const { affines } = quantizeMatrix(
      matrixOf(3, 4, (r) => [0, 2.54, 1.27][r] as number),
      int8,
      'w',
    );
    expect(affines.map(({ scale }) => scale)).toEqual([0.01, 0.02, 0.01].map(Math.fround));
    expect(
      quantizeMatrix(
        matrixOf(2, 3, () => 0),
        int8,
        'w',
      ).affines.map(({ scale }) => scale),
    ).toEqual([1, 1]);
  });

  it('have scales of at least what is asked for', () => {
    const options = { ...int8, leastScales: Float64Array.of(0, 0.5, 0, 0) };
    const { affines } = quantizeMatrix(matrix, options, 'w');
    expect(affines[1]?.scale).toBe(0.5);
    expect(affines[2]?.scale).toBeLessThan(0.5);
    const [shared] = quantizeMatrix(matrix, { ...options, granularity: 'tensor' }, 'w').affines;
    expect(shared?.scale).toBe(0.5);
  });

  it.each([
    [matrixOf(1, 2, () => Number.NaN), int8, "'w' holds NaN"],
    [matrix, { ...int8, granularity: 0 }, 'a group must have a whole number of weights, got 0'],
  ])('refuses what cannot be', (bad, options, message) => {
    expect(() => quantizeMatrix(bad, options, "'w'")).toThrow(message);
  });
});
