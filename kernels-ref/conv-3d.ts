import type { ConvAttributes } from '../src/ops/conv.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** The padding before the first element along each spatial axis (ONNX Conv, auto_pad). */
const padsOf = (a: ConvAttributes, input: readonly number[], kernel: readonly number[], output: readonly number[]): number[] =>
  input.map((extent, i) => {
    if (a.auto_pad === 'VALID') return 0;
    if (a.auto_pad === 'NOTSET') return a.pads?.[i] ?? 0;
    const reach = ((kernel[i] as number) - 1) * (a.dilations?.[i] ?? 1) + 1;
    const total = Math.max(0, ((output[i] as number) - 1) * (a.strides?.[i] ?? 1) + reach - extent);
    return a.auto_pad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });

/** An index [n, c, ...pixel] in the order that the tensor is stored in. */
const stored = (index: readonly number[], channelsLast: boolean): number[] =>
  channelsLast ? [index[0] as number, ...index.slice(2), index[1] as number] : [...index];

/** Convolution over any number of spatial axes: every output sums the taps of its window, within its group. */
export const conv3d: Reference = (inputs, given, [output]) => {
  const a = given as ConvAttributes;
  const [x, w, bias] = inputs as [RefTensor, RefTensor, RefTensor | undefined];
  const xLast = a.channelsLast && !a.readsChannelsFirst;
  const input = xLast ? x.shape.slice(1, -1) : x.shape.slice(2);
  const yLast = a.channelsLast && !a.writesChannelsFirst;
  const pixels = yLast ? output!.shape.slice(1, -1) : output!.shape.slice(2);
  const [outputs, channels, ...kernel] = w.shape as readonly [number, number, ...number[]];
  const pads = padsOf(a, input, kernel, pixels);
  const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
  forEachIndex([x.shape[0] as number, outputs, ...pixels], ([n, o, ...pixel]) => {
    const first = Math.floor((o as number) / (outputs / a.group)) * channels;
    let sum = bias ? (bias.data[o as number] as number) : 0;
    forEachIndex([channels, ...kernel], ([c, ...k]) => {
      const place = pixel.map(
        (p, i) => p * (a.strides?.[i] ?? 1) - (pads[i] as number) + (k[i] as number) * (a.dilations?.[i] ?? 1),
      );
      if (place.some((p, i) => p < 0 || p >= (input[i] as number))) return;
      const from = positionOf(stored([n as number, first + (c as number), ...place], xLast), x.shape);
      sum += (x.data[from] as number) * (w.data[positionOf([o as number, c as number, ...k], w.shape)] as number);
    });
    y[positionOf(stored([n as number, o as number, ...pixel], yLast), output!.shape)] = sum;
  });
  return [y];
};
