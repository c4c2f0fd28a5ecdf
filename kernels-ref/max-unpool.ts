import type { MaxUnpoolAttributes } from '../src/ops/max-unpool.js';
import { positionOf, type Reference } from './reference.js';

/** Every element goes where its index says; an index counts the elements of the tensor that was pooled. */
export const maxUnpool: Reference = ([x, indices], attributes, [output]) => {
  const a = attributes as MaxUnpoolAttributes;
  const pooled = x!.shape.map((d, axis) => {
    if (axis < 2) return d;
    const i = axis - 2;
    const pads = (a.pads?.[i] ?? 0) + (a.pads?.[i + a.kernel_shape.length] ?? 0);
    return (d - 1) * (a.strides?.[i] ?? 1) + (a.kernel_shape[i] as number) - pads;
  });
  const size = pooled.reduce((p, d) => p * d, 1);
  const y = new Float64Array(output!.shape.reduce((p, d) => p * d, 1));
  x!.data.forEach((v, i) => {
    let rest = indices!.data[i] as number;
    if (rest < 0 || rest >= size) return;
    const place = pooled.toReversed().map((extent) => {
      const p = rest % extent;
      rest = (rest - p) / extent;
      return p;
    });
    y[positionOf(place.reverse(), output!.shape)] = v;
  });
  return [y];
};
