import { type Affine, dequantize } from './affine.js';
import { solvePositive } from './linear-algebra.js';
import { affineAt, type Matrix, type MatrixOptions, type QuantizedMatrix, quantizeWeight } from './matrix.js';

/** Scales that would change by more than this factor are left as they are. */
const MOST = 2;

/**
 * Makes |W x - Wq x|^2 smaller, row by row, by so many sweeps: the scales of a row's groups become the best ones for its
 * integers (least squares), and then each integer the best one for the others (coordinate descent, as in Nair and Suggala
 * 2024, "CDQuant"). `hessian` is the sum of x x', [columns, columns]. Changes `result` and `affines`, which are its own.
 */
export const refine = (
  matrix: Matrix,
  hessian: Float64Array,
  result: QuantizedMatrix,
  affines: Affine[],
  options: MatrixOptions,
  sweeps: number,
): void => {
  if (sweeps === 0) return;
  // A scale without groups is shared beyond these columns.
  const hasOwnScales = result.groups > 1;
  for (let r = 0; r < matrix.rows; r++) {
    const row = new Row(matrix, hessian, result, r);
    let moved = true;
    for (let sweep = 0; moved && sweep < sweeps; sweep++) {
      if (hasOwnScales) row.fitScales(affines);
      moved = row.moveIntegers(options);
    }
    if (moved && hasOwnScales) row.fitScales(affines);
  }
};

/** A row w as the sum over its groups g of s_g u_g: scales times integers less zero points, 0 outside of the group. */
class Row {
  readonly #r: number;
  readonly #hessian: Float64Array;
  readonly #result: QuantizedMatrix;
  /** u, all groups in one. */
  readonly #steps: Float64Array;
  /** H w */
  readonly #target: Float64Array;
  /** H u_g, [groups, columns] */
  readonly #products: Float64Array;

  constructor({ data, columns }: Matrix, hessian: Float64Array, result: QuantizedMatrix, r: number) {
    this.#r = r;
    this.#hessian = hessian;
    this.#result = result;
    this.#steps = new Float64Array(columns);
    this.#target = new Float64Array(columns);
    this.#products = new Float64Array(result.groups * columns);
    for (let c = 0; c < columns; c++) {
      const w = data[r * columns + c] as number;
      for (let j = 0; j < columns; j++) {
        this.#target[j] = (this.#target[j] as number) + w * (hessian[c * columns + j] as number);
      }
      this.#addSteps(c, (result.integers[r * columns + c] as number) - affineAt(result, r, c).zeroPoint);
    }
  }

  /** Scales s of least error: (U' H U) s = U' H w. */
  fitScales(affines: Affine[]): void {
    const { columns, groups, groupSize } = this.#result;
    const normal = new Float64Array(groups * groups);
    const right = new Float64Array(groups);
    for (let c = 0; c < columns; c++) {
      const g = Math.floor(c / groupSize);
      const u = this.#steps[c] as number;
      right[g] = (right[g] as number) + u * (this.#target[c] as number);
      for (let k = 0; k < groups; k++) {
        const at = k * groups + g;
        normal[at] = (normal[at] as number) + u * (this.#products[k * columns + c] as number);
      }
    }
    const scales = solvePositive(normal, right, groups);
    scales?.forEach((scale, g) => {
      const at = this.#r * groups + g;
      const old = affines[at] as Affine;
      const fits = scale > old.scale / MOST && scale < old.scale * MOST;
      if (fits) affines[at] = { ...old, scale: Math.fround(scale) };
    });
  }

  /** Every integer becomes the best one for the others as they are by then; false where all are already. */
  moveIntegers({ type, symmetric }: MatrixOptions): boolean {
    const { columns, integers } = this.#result;
    const gradient = this.#gradient();
    let moved = false;
    for (let c = 0; c < columns; c++) {
      const affine = affineAt(this.#result, this.#r, c);
      const at = this.#r * columns + c;
      const old = integers[at] as number;
      const best = dequantize(old, affine) + (gradient[c] as number) / (this.#hessian[c * columns + c] as number);
      const integer = quantizeWeight(best, affine, type, symmetric);
      if (integer === old) continue;
      integers[at] = integer;
      this.#addSteps(c, integer - old);
      const change = (integer - old) * affine.scale;
      for (let j = 0; j < columns; j++) {
        gradient[j] = (gradient[j] as number) - change * (this.#hessian[c * columns + j] as number);
      }
      moved = true;
    }
    return moved;
  }

  /** H (w - sum of s_g u_g) */
  #gradient(): Float64Array {
    const { columns, groups, groupSize } = this.#result;
    const gradient = this.#target.slice();
    for (let g = 0; g < groups; g++) {
      const { scale } = affineAt(this.#result, this.#r, g * groupSize);
      for (let c = 0; c < columns; c++) {
        gradient[c] = (gradient[c] as number) - scale * (this.#products[g * columns + c] as number);
      }
    }
    return gradient;
  }

  #addSteps(c: number, change: number): void {
    if (change === 0) return;
    const { columns, groupSize } = this.#result;
    this.#steps[c] = (this.#steps[c] as number) + change;
    const from = Math.floor(c / groupSize) * columns;
    for (let j = 0; j < columns; j++) {
      this.#products[from + j] = (this.#products[from + j] as number) + change * (this.#hessian[c * columns + j] as number);
    }
  }
}
