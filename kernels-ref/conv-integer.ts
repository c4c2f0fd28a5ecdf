import type { Attributes } from '../src/graph/graph.js';
import { conv } from './conv.js';
import { at, f32, quantized } from './quantize.js';
import type { Reference, RefOutput, RefTensor } from './reference.js';

const sumsOf = (
  x: RefTensor,
  xZero: RefTensor | undefined,
  w: RefTensor,
  wZero: RefTensor | undefined,
  bias: RefTensor | undefined,
  attributes: Attributes,
  output: RefOutput,
): Float64Array => {
  const perOutput = w.data.length / (w.shape[0] as number);
  const values = { ...x, data: x.data.map((v) => v - at(xZero, 0)) };
  const weights = { ...w, data: w.data.map((v, i) => v - at(wZero, Math.floor(i / perOutput))) };
  const layout = { readsChannelsFirst: false, writesChannelsFirst: false };
  const [sums] = conv([values, weights, bias], { ...attributes, ...layout }, [output]);
  return (sums as Float64Array).map((v) => v | 0);
};

/** y = conv(x - x_zero_point, w - w_zero_point), which wraps around in 32 bits */
export const convInteger: Reference = ([x, w, xZero, wZero], attributes, [output]) => [
  sumsOf(x as RefTensor, xZero, w as RefTensor, wZero, undefined, attributes, output as RefOutput),
];

/** y = saturate(round(x_scale * w_scale / y_scale * (conv(x - x_zero_point, w - w_zero_point) + bias)) + y_zero_point) */
export const qlinearConv: Reference = ([x, xScale, xZero, w, wScale, wZero, yScale, yZero, bias], attributes, [output]) => {
  const sums = sumsOf(x as RefTensor, xZero, w as RefTensor, wZero, bias, attributes, output as RefOutput);
  const { channelsLast, bounds } = attributes;
  const channels = w!.shape[0] as number;
  const positions = channelsLast ? 1 : output!.shape.slice(2).reduce((a, b) => a * b, 1);
  const y = sums.map((sum, i) => {
    const scale = f32(at(xScale, 0) * at(wScale, Math.floor(i / positions) % channels));
    return quantized(f32(f32(sum) * f32(scale / at(yScale, 0))), at(yZero, 0), output!.dtype, bounds);
  });
  return [y];
};
