import type { Reference } from './reference.js';

/** Numbers in ascending order, NaN after all of them (or, with `sign` -1, in descending order). */
const exceeds = (a: number, b: number, sign: number): boolean => (Number.isNaN(a) ? !Number.isNaN(b) : sign * a > sign * b);

const argExtreme =
  (sign: 1 | -1): Reference =>
  ([x], attributes, [output]) => {
    const axis = ((attributes.axis as number) + x!.shape.length) % x!.shape.length;
    const extent = x!.shape[axis] as number;
    const inner = x!.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));
    y.forEach((_, at) => {
      const line = Array.from(
        { length: extent },
        (_, i) => x!.data[(Math.floor(at / inner) * extent + i) * inner + (at % inner)],
      );
      let best = 0;
      line.forEach((v, i) => {
        const reached = line[best] as number;
        const equal = Object.is(v, reached) || v === reached;
        if (exceeds(v as number, reached, sign) || (equal && attributes.select_last_index)) best = i;
      });
      y[at] = best;
    });
    return [y];
  };

export const argMax = argExtreme(1);
export const argMin = argExtreme(-1);
