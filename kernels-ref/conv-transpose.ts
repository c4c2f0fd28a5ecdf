import type { ConvTransposeAttributes } from '../src/ops/conv-transpose.js';
import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** The padding before the first element along each spatial axis (ONNX ConvTranspose). */
const padsOf = (a: ConvTransposeAttributes, input: readonly number[], kernel: readonly number[], output: readonly number[]) =>
  input.map((extent, i) => {
    if (a.auto_pad === 'VALID' && !a.output_shape) return 0;
    if (a.auto_pad === 'NOTSET' && !a.output_shape) return a.pads?.[i] ?? 0;
    const reach = ((kernel[i] as number) - 1) * (a.dilations?.[i] ?? 1) + 1;
    const full = (a.strides?.[i] ?? 1) * (extent - 1) + (a.output_padding?.[i] ?? 0) + reach;
    const total = Math.max(0, full - (output[i] as number));
    const half = Math.floor(total / 2);
    return a.auto_pad === 'SAME_UPPER' ? half : total - half;
  });

/** An index [n, c, ...pixel] in the order that the tensor is stored in. */
const stored = (index: readonly number[], channelsLast: boolean): number[] =>
  channelsLast ? [index[0] as number, ...index.slice(2), index[1] as number] : [...index];

/** Every element of x adds its product with the kernel to the outputs that it reaches. */
export const convTranspose: Reference = (inputs, given, [output]) => {
  const a = given as ConvTransposeAttributes;
  const [x, w, bias] = inputs as [RefTensor, RefTensor, RefTensor | undefined];
  const axes = x.shape.map((_, axis) => axis);
  const toFirst = a.channelsLast ? [0, axes.length - 1, ...axes.slice(1, -1)] : axes;
  const from = toFirst.map((axis) => x.shape[axis] as number);
  const to = toFirst.map((axis) => output!.shape[axis] as number);
  const [inputsPerGroup, outputsPerGroup] = [(from[1] as number) / a.group, (to[1] as number) / a.group];
  const [kernel, pixels] = [w.shape.slice(2), to.slice(2)];
  const pads = padsOf(a, from.slice(2), kernel, pixels);
  const y = new Float64Array(to.reduce((p, d) => p * d, 1));
  if (bias) {
    forEachIndex(to, (index) => {
      y[positionOf(stored(index, a.channelsLast), output!.shape)] = bias.data[index[1] as number] as number;
    });
  }
  forEachIndex(from, (index) => {
    const [n, c, ...pixel] = index as readonly [number, number, ...number[]];
    const v = x.data[positionOf(stored(index, a.channelsLast), x.shape)] as number;
    const firstOutput = Math.floor(c / inputsPerGroup) * outputsPerGroup;
    forEachIndex([outputsPerGroup, ...kernel], ([o, ...k], tap) => {
      const target = pixel.map(
        (p, i) => p * (a.strides?.[i] ?? 1) - (pads[i] as number) + (k[i] as number) * (a.dilations?.[i] ?? 1),
      );
      if (target.some((p, i) => p < 0 || p >= (pixels[i] as number))) return;
      const at = positionOf(stored([n, firstOutput + (o as number), ...target], a.channelsLast), output!.shape);
      const perInput = w.data.length / (w.shape[0] as number);
      (y[at] as number) += v * (w.data[c * perInput + tap] as number);
    });
  });
  return [y];
};
