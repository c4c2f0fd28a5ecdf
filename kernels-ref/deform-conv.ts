import type { DeformConvAttributes } from '../src/ops/deform-conv.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** x[n, c] at a place between its pixels, each weighted by how near it is; nothing is outside. */
const between = (x: RefTensor, n: number, c: number, row: number, column: number): number => {
  const [height, width] = x.shape.slice(2) as [number, number];
  let sum = 0;
  for (const i of [Math.floor(row), Math.floor(row) + 1]) {
    for (const j of [Math.floor(column), Math.floor(column) + 1]) {
      if (i < 0 || i >= height || j < 0 || j >= width) continue;
      sum += (1 - Math.abs(row - i)) * (1 - Math.abs(column - j)) * (x.data[positionOf([n, c, i, j], x.shape)] as number);
    }
  }
  return sum;
};

export const deformConv: Reference = ([x, w, offset, bias, mask], attributes, [output]) => {
  const { group, offset_group, pads, strides, dilations } = attributes as DeformConvAttributes;
  const [outputs, perGroup, height, width] = w!.shape as [number, number, number, number];
  const parts = (x!.shape[1] as number) / offset_group;
  const y = new Float64Array(output!.shape.reduce((p, d) => p * d, 1));
  forEachIndex(output!.shape, (index, position) => {
    const [n, o, r, c] = index as [number, number, number, number];
    let sum = bias ? (bias.data[o] as number) : 0;
    forEachIndex([perGroup, height, width], (tap) => {
      const [i, a, b] = tap as [number, number, number];
      const channel = Math.floor(o / (outputs / group)) * perGroup + i;
      const k = Math.floor(channel / parts) * height * width + a * width + b;
      const moved = (which: number): number => offset!.data[positionOf([n, 2 * k + which, r, c], offset!.shape)] as number;
      const row = r * (strides?.[0] ?? 1) - (pads?.[0] ?? 0) + a * (dilations?.[0] ?? 1) + moved(0);
      const column = c * (strides?.[1] ?? 1) - (pads?.[1] ?? 0) + b * (dilations?.[1] ?? 1) + moved(1);
      const factor = mask ? (mask.data[positionOf([n, k, r, c], mask.shape)] as number) : 1;
      sum += (w!.data[positionOf([o, i, a, b], w!.shape)] as number) * factor * between(x!, n, channel, row, column);
    });
    y[position] = sum;
  });
  return [y];
};
