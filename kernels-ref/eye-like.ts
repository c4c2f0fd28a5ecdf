import { forEachIndex, type Reference } from './reference.js';

export const eyeLike: Reference = (_inputs, { k }, [output]) => {
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
  forEachIndex(output!.shape, ([row, column], at) => {
    y[at] = (column as number) - (row as number) === k ? 1 : 0;
  });
  return [y];
};
