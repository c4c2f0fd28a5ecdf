import type { Attributes } from '../src/graph/graph.js';
import { forEachIndex, positionOf, type Reference } from './reference.js';

type Index = readonly [number, number, number, number];

/** An index [n, c, h, w] in the order that the tensor is stored in. */
const stored = ([n, c, h, w]: Index, { channelsLast }: Attributes): number[] => (channelsLast ? [n, h, w, c] : [n, c, h, w]);
const read = (index: readonly number[], { channelsLast }: Attributes): Index => {
  const [n, a, b, c] = index as Index;
  return channelsLast ? [n, c, a, b] : [n, a, b, c];
};

export const depthToSpace: Reference = ([x], attributes, [output]) => {
  const b = attributes.blocksize as number;
  const [top = 0, left = 0] = (attributes.crop ?? []) as readonly number[];
  const y = new Float64Array(output!.shape.reduce((size, extent) => size * extent, 1));
  const channels = read(output!.shape, attributes)[1];
  forEachIndex(output!.shape, (index, at) => {
    const [n, c, row, column] = read(index, attributes);
    const [h, w] = [row + top, column + left];
    const block = (h % b) * b + (w % b);
    const channel = attributes.mode === 'DCR' ? block * channels + c : c * b * b + block;
    const from = stored([n, channel, Math.floor(h / b), Math.floor(w / b)], attributes);
    y[at] = x!.data[positionOf(from, x!.shape)] as number;
  });
  return [y];
};

export const spaceToDepth: Reference = ([x], attributes, [output]) => {
  const b = attributes.blocksize as number;
  const y = new Float64Array(x!.data.length);
  const channels = read(x!.shape, attributes)[1];
  forEachIndex(x!.shape, (index, at) => {
    const [n, c, h, w] = read(index, attributes);
    const block = (h % b) * b + (w % b);
    const channel = attributes.mode === 'DCR' ? block * channels + c : c * b * b + block;
    const to = stored([n, channel, Math.floor(h / b), Math.floor(w / b)], attributes);
    y[positionOf(to, output!.shape)] = x!.data[at] as number;
  });
  return [y];
};
