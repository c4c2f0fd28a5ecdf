import type { ConvAttributes } from '../src/ops/conv.js';
import { conv3d } from './conv-3d.js';
import type { Reference, RefTensor } from './reference.js';

/** Extents and strides of an image tensor's axes, whichever order they are stored in; one row for [N, C, L]. */
const imageOf = (shape: readonly number[], channelsLast: boolean) => {
  const image =
    shape.length === 3 ? (channelsLast ? [shape[0], 1, shape[1], shape[2]] : [...shape.slice(0, 2), 1, shape[2]]) : shape;
  const [n, a, b, c] = image as [number, number, number, number];
  return channelsLast
    ? { extent: { n, h: a, w: b, c }, stride: { n: a * b * c, h: b * c, w: c, c: 1 } }
    : { extent: { n, c: a, h: b, w: c }, stride: { n: a * b * c, c: b * c, h: c, w: 1 } };
};

/** Stride, dilation and first padding along one of the spatial axes (ONNX Conv, auto_pad). */
const axisOf = (attributes: ConvAttributes, axis: number, input: number, kernel: number, output: number) => {
  if (axis < 0) return { stride: 1, dilation: 1, pad: 0 };
  const stride = attributes.strides?.[axis] ?? 1;
  const dilation = attributes.dilations?.[axis] ?? 1;
  const total = Math.max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - input);
  const pads = {
    NOTSET: attributes.pads?.[axis] ?? 0,
    VALID: 0,
    SAME_UPPER: Math.floor(total / 2),
    SAME_LOWER: Math.ceil(total / 2),
  };
  return { stride, dilation, pad: pads[attributes.auto_pad] };
};

/** y[n, o, p] = bias[o] + sum over i, k of x[n, i, p * stride - pad + k * dilation] * w[o, i, k], within each group. */
export const conv: Reference = (inputs, given, [output]) => {
  if (output!.shape.length > 4) return conv3d(inputs, given, [output!]);
  const attributes = given as ConvAttributes;
  const [x, w, bias] = inputs as [RefTensor, RefTensor, RefTensor | undefined];
  const source = imageOf(x.shape, attributes.channelsLast && !attributes.readsChannelsFirst);
  const target = imageOf(output!.shape, attributes.channelsLast && !attributes.writesChannelsFirst);
  const kernel = imageOf(w.shape, false).extent;
  const rank = x.shape.length - 2;
  const rows = axisOf(attributes, rank - 2, source.extent.h, kernel.h, target.extent.h);
  const columns = axisOf(attributes, rank - 1, source.extent.w, kernel.w, target.extent.w);
  const outputsPerGroup = target.extent.c / attributes.group;
  const y = new Float64Array(output!.shape.reduce((a, b) => a * b, 1));

  const sumAt = (n: number, o: number, py: number, px: number): number => {
    const firstChannel = Math.floor(o / outputsPerGroup) * kernel.c;
    let sum = bias ? (bias.data[o] as number) : 0;
    for (let i = 0; i < kernel.c; i++) {
      for (let ky = 0; ky < kernel.h; ky++) {
        const row = py * rows.stride - rows.pad + ky * rows.dilation;
        if (row < 0 || row >= source.extent.h) continue;
        for (let kx = 0; kx < kernel.w; kx++) {
          const column = px * columns.stride - columns.pad + kx * columns.dilation;
          if (column < 0 || column >= source.extent.w) continue;
          const at =
            n * source.stride.n + (firstChannel + i) * source.stride.c + row * source.stride.h + column * source.stride.w;
          sum += (x.data[at] as number) * (w.data[((o * kernel.c + i) * kernel.h + ky) * kernel.w + kx] as number);
        }
      }
    }
    return sum;
  };

  for (let n = 0; n < target.extent.n; n++)
    for (let o = 0; o < target.extent.c; o++)
      for (let py = 0; py < target.extent.h; py++)
        for (let px = 0; px < target.extent.w; px++) {
          const at = n * target.stride.n + o * target.stride.c + py * target.stride.h + px * target.stride.w;
          y[at] = sumAt(n, o, py, px);
        }
  return [y];
};
