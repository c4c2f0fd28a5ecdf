import { describe, expect, it } from 'vitest';
import { random } from '../../bench/support/random.js';
import type { Affine } from '../../src/quantize/affine.js';
import { defaultGptq, type GptqOptions, gptq, hessianOf, outputError } from '../../src/quantize/gptq.js';
import { blocksError, gptqBlocks } from '../../src/quantize/gptq-blocks.js';
import { cholesky, inverseUpperCholesky, solvePositive } from '../../src/quantize/linear-algebra.js';
import {
  dequantizeMatrix,
  type Matrix,
  type MatrixOptions,
  type QuantizedMatrix,
  quantizeMatrix,
} from '../../src/quantize/matrix.js';
import { quantize } from '../../src/quantize/quantize.js';
import type { ProductBlock } from '../../src/quantize/statistics.js';

const next = random(11);
const uniform = (): number => 2 * next() - 1;

/** Inputs whose columns resemble each other, and sums of their products. */
const correlated = (columns: number, count: number): { x: Float64Array; gram: Float64Array } => {
  const x = new Float64Array(count * columns);
  for (let n = 0; n < count; n++) {
    let value = 0;
    for (let c = 0; c < columns; c++) x[n * columns + c] = value = 0.9 * value + uniform();
  }
  const gram = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      for (let n = 0; n < count; n++) {
        gram[i * columns + j] =
          (gram[i * columns + j] as number) + (x[n * columns + i] as number) * (x[n * columns + j] as number);
      }
    }
  }
  return { x, gram };
};

const matrixOf = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  data: Float64Array.from({ length: rows * columns }, uniform),
});

/** Algorithm 1 alone. */
const plain = { ...defaultGptq, sweeps: 0 };
const int4: MatrixOptions = { type: 'int4', granularity: 32, symmetric: true };

const rounded = (matrix: Matrix, gram: Float64Array, options: MatrixOptions, own: GptqOptions, what: string): QuantizedMatrix =>
  gptq(matrix, hessianOf(gram, matrix.columns, own, what), options, own, what);

const blockwise = (matrix: Matrix, options: MatrixOptions, blocks: readonly ProductBlock[], own: GptqOptions): QuantizedMatrix =>
  gptqBlocks(matrix, [options], blocks, own, 'w')[0] as QuantizedMatrix;

describe('linear algebra', () => {
  it('factors a positive definite matrix', () => {
    const { gram } = correlated(7, 20);
    const l = cholesky(gram, 7) as Float64Array;
    for (let i = 0; i < 7; i++) {
      for (let j = 0; j < 7; j++) {
        let sum = 0;
        for (let k = 0; k < 7; k++) sum += (l[i * 7 + k] as number) * (l[j * 7 + k] as number);
        expect(sum).toBeCloseTo(gram[i * 7 + j] as number, 9);
        if (j > i) expect(l[i * 7 + j]).toBe(0);
      }
    }
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
  });

  it("finds the upper U with A^-1 = U' U", () => {
    const n = 6;
    const { gram } = correlated(n, 20);
    const u = inverseUpperCholesky(gram, n) as Float64Array;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        // (U' U) A = 1
        let sum = 0;
        for (let k = 0; k < n; k++) {
          for (let m = 0; m < n; m++) sum += (u[m * n + i] as number) * (u[m * n + k] as number) * (gram[k * n + j] as number);
        }
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 8);
        if (j < i) expect(u[i * n + j]).toBe(0);
      }
    }
  });
});

describe('linear equations', () => {
  it('are solved where they are positive definite', () => {
    const { gram } = correlated(5, 20);
    const x = Float64Array.of(1, -2, 0.5, 3, 0);
    const b = x.map((_, i) => x.reduce((sum, v, j) => sum + v * (gram[i * 5 + j] as number), 0));
    solvePositive(gram, b, 5)?.forEach((v, i) => expect(v).toBeCloseTo(x[i] as number, 9));
    expect(solvePositive(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1), 2)).toBeUndefined();
  });
});

describe('GPTQ', () => {
  const matrix = matrixOf(12, 96);
  const { x, gram } = correlated(96, 300);
  const mse = (quantized: ReturnType<typeof gptq>): number => outputError(matrix, dequantizeMatrix(quantized), gram, 300);

  it('measures the error of the outputs as they are', () => {
    const nearest = dequantizeMatrix(quantizeMatrix(matrix, int4, 'w'));
    let sum = 0;
    for (let n = 0; n < 300; n++) {
      for (let r = 0; r < 12; r++) {
        let error = 0;
        for (let c = 0; c < 96; c++) {
          error += ((matrix.data[r * 96 + c] as number) - (nearest.data[r * 96 + c] as number)) * (x[n * 96 + c] as number);
        }
        sum += error ** 2;
      }
    }
    expect(outputError(matrix, nearest, gram, 300)).toBeCloseTo(sum / (300 * 12), 9);
  });

  it.each([
    ['in blocks, largest inputs first', {}],
    ['in order', { actOrder: false }],
    ['with scales by row', {}, { granularity: 'channel' }],
    ['with zero points', {}, { symmetric: false }],
    ['to int8', {}, { type: 'int8', granularity: 'channel' }],
  ] as [string, Partial<typeof defaultGptq>, Partial<MatrixOptions>?][])(
    'halves the error of the outputs: %s',
    (_, own, more) => {
      const options = { ...int4, ...more };
      const nearest = quantizeMatrix(matrix, options, 'w');
      expect(mse(rounded(matrix, gram, options, { ...plain, ...own }, 'w'))).toBeLessThan(0.5 * mse(nearest));
    },
  );

  it.each([true, false])('does not depend on the size of its blocks, act-order %s', (actOrder) => {
    const [whole, small] = [128, 7].map((blockSize) => rounded(matrix, gram, int4, { ...plain, actOrder, blockSize }, 'w'));
    expect(small?.integers).toEqual(whole?.integers);
    expect(small?.affines).toEqual(whole?.affines);
  });

  it('goes block by block where there are groups, or very many columns', () => {
    // Rows 0 to 5 see the inputs of group 0 and rows 6 to 11 those of group 1, in two ranges of columns each.
    const part = (from: number): Float64Array =>
      Float64Array.from({ length: 48 * 48 }, (_, i) => gram[(from + Math.floor(i / 48)) * 96 + from + (i % 48)] as number);
    const blocks = [0, 1].flatMap((group) => [0, 48].map((from) => ({ group, from, to: from + 48, sums: part(from) })));
    for (const granularity of ['tensor', 'channel', 16] as const) {
      for (const actOrder of [true, false]) {
        const options: MatrixOptions = { ...int4, granularity };
        const nearest = quantizeMatrix(matrix, options, 'w');
        const found = blockwise(matrix, options, blocks, { ...plain, actOrder });
        expect(found.affines).toHaveLength(nearest.affines.length);
        if (actOrder) expect(found.affines).toEqual(nearest.affines);
        const error = (q: typeof found): number => blocksError(matrix, dequantizeMatrix(q), blocks, 300);
        expect(error(found)).toBeLessThan(0.6 * error(nearest));
      }
    }
  });

  it('does the same in one block as without blocks', () => {
    const whole = [{ group: 0, from: 0, to: 96, sums: gram }];
    const [a, b] = [blockwise(matrix, int4, whole, defaultGptq), rounded(matrix, gram, int4, defaultGptq, 'w')];
    expect(a).toEqual(b);
    expect(blocksError(matrix, dequantizeMatrix(a), whole, 300)).toBe(mse(b));
  });

  it('rounds to nearest where inputs have nothing to do with each other, or were never seen', () => {
    const diagonal = new Float64Array(96 * 96).map((_, i) => (i % 97 === 0 ? 1 + (i % 5) : 0));
    const nearest = quantizeMatrix(matrix, int4, 'w');
    expect(rounded(matrix, diagonal, int4, plain, 'w').integers).toEqual(nearest.integers);
    expect(rounded(matrix, new Float64Array(96 * 96), int4, plain, 'w').integers).toEqual(nearest.integers);
  });

  it('copes with fewer inputs than columns', () => {
    const few = correlated(96, 5).gram;
    const { integers } = rounded(matrix, few, int4, { ...defaultGptq, damping: 0 }, 'w');
    expect(integers.every((q) => q >= -7 && q <= 7)).toBe(true);
  });

  it('refuses inputs that are not finite', () => {
    const bad = gram.with(5, Number.NaN);
    expect(() => rounded(matrix, bad, int4, defaultGptq, "the weights of 'a'")).toThrow(
      "the inputs of the weights of 'a' are too large",
    );
  });
});

describe('refinement', () => {
  const matrix = matrixOf(6, 48);
  const { gram } = correlated(48, 60);
  const mse = (quantized: QuantizedMatrix): number => outputError(matrix, dequantizeMatrix(quantized), gram, 60);
  const refined = (options: MatrixOptions, sweeps: number): QuantizedMatrix =>
    rounded(matrix, gram, options, { ...defaultGptq, damping: 0, sweeps }, 'w');

  it.each<[string, MatrixOptions, number?]>([
    ['groups', { ...int4, granularity: 16 }, 0.97],
    ['groups with zero points', { ...int4, granularity: 16, symmetric: false }, 0.97],
    ['rows', { ...int4, granularity: 'channel' }],
    ['the whole matrix', { ...int4, granularity: 'tensor' }],
  ])('makes the error smaller, sweep by sweep: scales of %s', (_, options, share = 1) => {
    const errors = [0, 1, 3, 9].map((sweeps) => mse(refined(options, sweeps)));
    for (let i = 1; i < errors.length; i++) expect(errors[i]).toBeLessThanOrEqual(errors[i - 1] as number);
    expect(errors[1]).toBeLessThanOrEqual(share * (errors[0] as number));
  });

  it('ends where no integer and no scale alone could be better', () => {
    const best = refined({ ...int4, granularity: 16 }, 99);
    const least = mse(best) - 1e-12;
    for (const at of [0, 17, 100, 287]) {
      for (const change of [-1, 1]) {
        const moved = Math.max(-7, Math.min(7, (best.integers[at] as number) + change));
        expect(mse({ ...best, integers: best.integers.with(at, moved) })).toBeGreaterThanOrEqual(least);
      }
    }
    for (const at of [0, 7, 17]) {
      for (const factor of [0.99, 1.01]) {
        const { scale, zeroPoint } = best.affines[at] as Affine;
        expect(mse({ ...best, affines: best.affines.with(at, { scale: scale * factor, zeroPoint }) })).toBeGreaterThan(least);
      }
    }
  });

  it('leaves scales alone that other columns share', () => {
    const options: MatrixOptions = { ...int4, granularity: 'channel' };
    const part = (from: number): Float64Array =>
      Float64Array.from({ length: 24 * 24 }, (_, i) => gram[(from + Math.floor(i / 24)) * 48 + from + (i % 24)] as number);
    const blocks = [0, 24].map((from) => ({ group: 0, from, to: from + 24, sums: part(from) }));
    const [before, after] = [plain, defaultGptq].map((own) => blockwise(matrix, options, blocks, own));
    const error = (q: QuantizedMatrix | undefined): number =>
      blocksError(matrix, dequantizeMatrix(q as QuantizedMatrix), blocks, 60);
    expect(after?.affines).toEqual(before?.affines);
    expect(error(after)).toBeLessThan(error(before));
  });

  it('refuses a number of sweeps that is none', async () => {
    await expect(quantize(new Uint8Array(), { gptq: { sweeps: -1 } })).rejects.toThrow(
      "GPTQ's sweeps must be a whole number, got -1",
    );
  });
});
