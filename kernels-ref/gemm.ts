import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

/** Y[m, n] = alpha * sum over k of A[m, k] * B[k, n] + beta * C[m, n], with A and B transposed where told. */
export const gemm: Reference = ([a, b, c], { alpha, beta, transA, transB }, [output]) => {
  const terms = a!.shape[transA ? 0 : 1] as number;
  const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
  forEachIndex(output!.shape, (index, at) => {
    const [m, n] = index as [number, number];
    let sum = 0;
    for (let k = 0; k < terms; k++) {
      const x = a!.data[positionOf(transA ? [k, m] : [m, k], a!.shape)] as number;
      const w = b!.data[positionOf(transB ? [n, k] : [k, n], b!.shape)] as number;
      sum += x * w;
    }
    y[at] = (alpha as number) * sum;
    if (c) y[at]! += (beta as number) * (c.data[positionOf(broadcastIndex(index, c.shape), c.shape)] as number);
  });
  return [y];
};
