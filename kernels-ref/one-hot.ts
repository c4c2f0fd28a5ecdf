import { forEachIndex, positionOf, type Reference } from './reference.js';

export const oneHot: Reference = ([indices, , values], attributes, [output]) => {
  const { shape } = output!;
  const axis = ((attributes.axis as number) + shape.length) % shape.length;
  const depth = shape[axis] as number;
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
  forEachIndex(shape, (index, at) => {
    const given = Math.trunc(indices!.data[positionOf(index.toSpliced(axis, 1), indices!.shape)] as number);
    y[at] = values!.data[(given < 0 ? given + depth : given) === index[axis] ? 1 : 0] as number;
  });
  return [y];
};
