import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Indices computed at run time are clamped into the range. */
export const gatherNd: Reference = ([x, indices], attributes, [output]) => {
  const batch = attributes.batch_dims as number;
  const depth = indices!.shape.at(-1) as number;
  const leading = indices!.shape.length - 1;
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, (index, at) => {
    const place = Array.from({ length: depth }, (_, k) => {
      const given = indices!.data[positionOf([...index.slice(0, leading), k], indices!.shape)] as number;
      const extent = x!.shape[batch + k] as number;
      return Math.max(0, Math.min(extent - 1, given < 0 ? given + extent : given));
    });
    y[at] = x!.data[positionOf([...index.slice(0, batch), ...place, ...index.slice(leading)], x!.shape)] as number;
  });
  return [y];
};
