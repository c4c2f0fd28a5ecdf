import type { Col2ImAttributes } from '../src/ops/col2im.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

/** Every element of every column adds to the pixel that it was taken from. */
export const col2im: Reference = ([x, imageShape, blockShape], attributes, [output]) => {
  const a = attributes as Col2ImAttributes;
  const [image, block] = [[...imageShape!.data], [...blockShape!.data]];
  const step = (list: readonly number[] | undefined, i: number, missing: number): number => list?.[i] ?? missing;
  const places = image.map((extent, i) => {
    const padded = extent + step(a.pads, i, 0) + step(a.pads, i + image.length, 0);
    return Math.floor((padded - step(a.dilations, i, 1) * ((block[i] as number) - 1) - 1) / step(a.strides, i, 1)) + 1;
  });
  const [n, c] = output!.shape as readonly [number, number];
  const y = new Float64Array(output!.shape.reduce((p, d) => p * d, 1));
  forEachIndex([n, c, ...block, ...places], (index, _) => {
    const [batch, channel] = index as readonly [number, number];
    const tap = index.slice(2, 2 + block.length);
    const place = index.slice(2 + block.length);
    const pixel = place.map(
      (p, i) => p * step(a.strides, i, 1) - step(a.pads, i, 0) + (tap[i] as number) * step(a.dilations, i, 1),
    );
    if (pixel.some((p, i) => p < 0 || p >= (image[i] as number))) return;
    const row = positionOf([channel, ...tap], [c, ...block]);
    const from = positionOf([batch, row, positionOf(place, places)], x!.shape);
    (y[positionOf([batch, channel, ...pixel], output!.shape)] as number) += x!.data[from] as number;
  });
  return [y];
};
