import type { Reference } from './reference.js';

/** Expansion along the first row. */
const determinant = (rows: readonly (readonly number[])[]): number => {
  const [first, ...below] = rows;
  if (!first) return 1;
  return first.reduce((sum, v, column) => {
    const minor = below.map((row) => row.toSpliced(column, 1));
    return sum + (column % 2 === 0 ? v : -v) * determinant(minor);
  }, 0);
};

export const det: Reference = ([x]) => {
  const n = x!.shape.at(-1) as number;
  const matrices = x!.shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const at = (matrix: number, row: number, column: number): number => x!.data[(matrix * n + row) * n + column] as number;
  const range = Array.from({ length: n }, (_, i) => i);
  const y = Float64Array.from({ length: matrices }, (_, matrix) =>
    determinant(range.map((row) => range.map((column) => at(matrix, row, column)))),
  );
  return [y];
};
