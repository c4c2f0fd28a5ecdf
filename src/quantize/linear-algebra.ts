/** Square matrices [n, n], row-major. */

/** The lower triangle L with A = L L', for a symmetric A; undefined where A is not positive definite. */
export const cholesky = (a: Float64Array, n: number): Float64Array | undefined => {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (l[i * n + k] as number) * (l[j * n + k] as number);
      if (i !== j) l[i * n + j] = sum / (l[j * n + j] as number);
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return l;
};

/** The inverse of a lower triangle. */
const invertLower = (l: Float64Array, n: number): Float64Array => {
  const inverse = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    inverse[j * n + j] = 1 / (l[j * n + j] as number);
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= (l[i * n + k] as number) * (inverse[k * n + j] as number);
      inverse[i * n + j] = sum / (l[i * n + i] as number);
    }
  }
  return inverse;
};

/**
 * The upper triangle U with A^-1 = U' U; undefined where A is not positive definite. Row i of U says how an error in
 * coordinate i is best made up for by the later coordinates.
 */
export const inverseUpperCholesky = (a: Float64Array, n: number): Float64Array | undefined => {
  // With J the reversal of order: J A J = M M' gives A^-1 = (J M^-1 J)' (J M^-1 J), and J M^-1 J is an upper triangle.
  const reversed = a.slice().reverse();
  const m = cholesky(reversed, n);
  return m && invertLower(m, n).reverse();
};

/** The x with A x = b; undefined where A is not positive definite. */
export const solvePositive = (a: Float64Array, b: Float64Array, n: number): Float64Array | undefined => {
  const l = cholesky(a, n);
  if (!l) return undefined;
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (l[i * n + k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (l[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] as number) - (l[k * n + i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (l[i * n + i] as number);
  }
  return x;
};
