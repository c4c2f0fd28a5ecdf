import { forEachIndex, type Reference } from './reference.js';

export const trilu: Reference = ([x, k], { upper }) => {
  const diagonal = k?.data[0] ?? 0;
  const y = new Float64Array(x!.data.length);
  forEachIndex(x!.shape, (index, at) => {
    const offset = (index.at(-1) as number) - (index.at(-2) as number);
    if (upper ? offset >= diagonal : offset <= diagonal) y[at] = x!.data[at] as number;
  });
  return [y];
};
