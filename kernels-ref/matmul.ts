import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

/** Y[..., m, n] = sum over k of A[..., m, k] * B[..., k, n] */
export const matmul: Reference = ([a, b], _, [output]) => {
  const aShape = a!.shape.length === 1 ? [1, ...a!.shape] : a!.shape;
  const bShape = b!.shape.length === 1 ? [...b!.shape, 1] : b!.shape;
  const terms = aShape.at(-1) as number;
  // The shape of Y with the row and the column that one-dimensional inputs leave out.
  const shape = [...output!.shape];
  if (b!.shape.length === 1) shape.push(1);
  if (a!.shape.length === 1) shape.splice(-1, 0, 1);
  const y = new Float64Array(shape.reduce((n, d) => n * d, 1));
  forEachIndex(shape, (index, at) => {
    const batch = index.slice(0, -2);
    const [m, n] = index.slice(-2) as [number, number];
    const aBatch = broadcastIndex(batch, aShape.slice(0, -2));
    const bBatch = broadcastIndex(batch, bShape.slice(0, -2));
    let sum = 0;
    for (let k = 0; k < terms; k++) {
      const x = a!.data[positionOf([...aBatch, m, k], aShape)] as number;
      const w = b!.data[positionOf([...bBatch, k, n], bShape)] as number;
      sum += x * w;
    }
    y[at] = sum;
  });
  return [y];
};
