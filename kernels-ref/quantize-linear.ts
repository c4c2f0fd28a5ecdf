import type { QuantizeLinearAttributes } from '../src/ops/quantize-linear.js';
import { f32, quantized } from './quantize.js';
import type { Reference, RefTensor } from './reference.js';

/**
 * Calls `visit` with the position of every element of x and that of its scale: the only one, that of its index along the
 * axis, or that of its block along the axis.
 */
export const forEachScale = (
  x: RefTensor,
  scale: RefTensor,
  { axis, block_size }: { readonly axis: number; readonly block_size: number },
  visit: (position: number, k: number) => void,
): void => {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const inner = x.shape.slice(along + 1).reduce((a, b) => a * b, 1);
  const extent = x.shape[along] ?? 1;
  const blocks = Math.ceil(extent / (block_size || extent));
  for (let position = 0; position < x.data.length; position++) {
    const a = Math.floor(position / inner) % extent;
    if (scale.data.length === 1) visit(position, 0);
    else if (block_size === 0) visit(position, a);
    else {
      const outer = Math.floor(position / (inner * extent));
      visit(position, (outer * blocks + Math.floor(a / block_size)) * inner + (position % inner));
    }
  }
};

/** y = saturate(round(x / scale) + zero_point) */
export const quantizeLinear: Reference = ([x, scale, zero], attributes, [output]) => {
  const y = new Float64Array(x!.data.length);
  forEachScale(x!, scale!, attributes as QuantizeLinearAttributes, (i, k) => {
    const quotient = f32(f32(x!.data[i] as number) / (scale!.data[k] as number));
    y[i] = quantized(quotient, zero ? (zero.data[k] as number) : 0, output!.dtype);
  });
  const { readsChannelsFirst } = attributes as QuantizeLinearAttributes;
  return [readsChannelsFirst ? reordered(y, x!.shape, false) : y];
};

/** Elements of [n, ..., c] in the order of [n, c, ...], or the other way round. */
export const reordered = (y: Float64Array, shape: readonly number[], fromLast: boolean): Float64Array => {
  const channels = (fromLast ? shape.at(-1) : shape[1]) as number;
  const positions = y.length / ((shape[0] as number) * channels);
  const out = new Float64Array(y.length);
  y.forEach((v, i) => {
    const inner = fromLast ? channels : positions;
    const [n, a, b] = [
      Math.floor(i / (channels * positions)),
      Math.floor(i / inner) % (fromLast ? positions : channels),
      i % inner,
    ];
    out[n * channels * positions + b * (fromLast ? positions : channels) + a] = v;
  });
  return out;
};
