/** |actual - expected| <= atol + rtol * |expected| */
export interface Tolerance {
  readonly atol: number;
  readonly rtol: number;
}

/** Named tolerances. Sums of K float32 products take `matmulTolerance`. */
export const tolerances = {
  /** Integers, bool, and data that is only moved. */
  exact: { atol: 0, rtol: 0 },
  /** A few float32 roundings an element: +, -, *, /, comparisons. WGSL allows division 2.5 ULP. */
  arithmetic: { atol: 1e-30, rtol: 4e-7 },
  /** exp, tanh, sqrt and what is made of them: WGSL's bounds are absolute near 0 and relative elsewhere. */
  transcendental: { atol: 2e-6, rtol: 2e-6 },
  /** Sums over up to some thousands of float32 elements of magnitude about 1. */
  reduction: { atol: 1e-5, rtol: 1e-5 },
  /** Results rounded to float16. */
  float16: { atol: 1e-4, rtol: 1e-3 },
} as const satisfies Record<string, Tolerance>;

export interface Comparison {
  readonly equal: boolean;
  /** Elements that differ beyond the tolerance. */
  readonly differing: number;
  readonly size: number;
  /** The element furthest beyond the tolerance (or, when all pass, the one with the largest error). */
  readonly worst:
    | { readonly index: number; readonly actual: number; readonly expected: number; readonly error: number }
    | undefined;
}

/**
 * Compares element by element. Identical values pass, NaN against NaN and infinities of one sign included; any other
 * non-finite value on either side fails; finite values pass within the tolerance.
 */
export const compareNumbers = (actual: ArrayLike<number>, expected: ArrayLike<number>, { atol, rtol }: Tolerance): Comparison => {
  if (actual.length !== expected.length) {
    return { equal: false, differing: Math.max(actual.length, expected.length), size: expected.length, worst: undefined };
  }
  let differing = 0;
  let worst: Comparison['worst'];
  let worstExcess = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < expected.length; index++) {
    const a = actual[index] as number;
    const e = expected[index] as number;
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const finite = Number.isFinite(a) && Number.isFinite(e);
    const error = finite ? Math.abs(a - e) : Number.POSITIVE_INFINITY;
    const excess = error - (atol + rtol * Math.abs(finite ? e : 0));
    if (excess > 0) differing++;
    if (excess > worstExcess) {
      worstExcess = excess;
      worst = { index, actual: a, expected: e, error };
    }
  }
  return { equal: differing === 0, differing, size: expected.length, worst };
};

/** One line that says where and by how much two tensors differ. */
export const describeComparison = ({ differing, size, worst }: Comparison): string =>
  worst
    ? `${differing} of ${size} elements differ; worst at ${worst.index}: got ${worst.actual}, expected ${worst.expected} (error ${worst.error})`
    : `${differing} of ${size} elements differ`;

/**
 * Error bound of a float32 sum of k products whose factors are at most a and b in magnitude, in any order of summation:
 * each of the k roundings of a partial sum is at most 2^-24 of k a b. The bound holds for every input, so it is loose for
 * random ones.
 */
export const matmulTolerance = (k: number, a = 1, b = 1): Tolerance => ({
  atol: Math.max(1, k) ** 2 * 2 ** -24 * a * b + 1e-30,
  rtol: 4e-7,
});

/** Norms of what the three transforms of Winograd's F(2x2, 3x3) and F(4x4, 3x3) do to an error (see `winogradTolerance`). */
export const winogradNorms = { 2: 5, 4: 21.4 } as const;

/**
 * Error bound of a convolution of `channels` inputs by Winograd's algorithm, of inputs spread evenly over [-a, a] and weights
 * over [-b, b]. Rounding errors of mean zero grow with the root of their number (Higham and Mary, "A New Approach to
 * Probabilistic Rounding Error Analysis", 2019): a partial sum of the products at a point, whose size is the root of the
 * channels times the norms of the transforms that lead there, is rounded once for every channel and some ten times on its
 * way. Six standard deviations. The worst case is some hundred times as much, beyond what a wrong kernel does.
 */
export const winogradTolerance = (tile: 2 | 4, channels: number, a = 1, b = 1): Tolerance => ({
  atol: 6 * 2 ** -24 * winogradNorms[tile] * Math.sqrt(channels * (channels + 10)) * ((a * b) / 3),
  rtol: 4e-7,
});
