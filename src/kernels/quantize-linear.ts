import { quantizeBytes, quantizeLinear } from '../../shaders/more.js';
import type { QuantizeLinearAttributes } from '../ops/quantize-linear.js';
import { type DType, deviceElement, integerRange } from '../tensor/dtype.js';
import { deviceWords, packedWords } from '../tensor/layout.js';
import { type ConcreteShape, resolveAxis, sizeOf } from '../tensor/shape.js';
import type { DeviceFacts } from './facts.js';
import { ceilDiv, type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';

export const quantizeLinearKernel: Kernel = { name: 'quantize-linear', wgsl: quantizeLinear };
/** Into packed bytes. */
export const quantizeBytesKernel: Kernel = { name: 'quantize-bytes', wgsl: quantizeBytes };
const WORKGROUP_SIZE = 64;

/** Params fields that find the scale of an element. */
export const scaleParams = (
  x: ConcreteShape,
  scale: ConcreteShape,
  { axis, block_size }: Pick<QuantizeLinearAttributes, 'axis' | 'block_size'>,
) => {
  if (sizeOf(scale) === 1) {
    return { extent: 1, inner: sizeOf(x), block: 1, scale_outer: 0, scale_axis: 0, scale_inner: 0 };
  }
  const along = resolveAxis(axis, x.length) as number;
  const extent = x[along] as number;
  const inner = sizeOf(x.slice(along + 1));
  if (block_size === 0) return { extent, inner, block: 1, scale_outer: 0, scale_axis: 1, scale_inner: 0 };
  const blocks = ceilDiv(extent, block_size);
  return { extent, inner, block: block_size, scale_outer: blocks * inner, scale_axis: inner, scale_inner: 1 };
};

const isShared = (places: ReturnType<typeof scaleParams>): boolean =>
  places.scale_outer + places.scale_axis + places.scale_inner === 0;

/** Operands and Params that do not depend on whose node it is. */
export interface Quantization {
  readonly from: DType;
  readonly to: DType;
  readonly x: Operand;
  readonly scale: Operand;
  readonly zero: Operand | undefined;
  readonly y: Operand;
  readonly places: ReturnType<typeof scaleParams>;
  readonly count: number;
}

export const quantize = ({ from, to, x, scale, zero, y, places, count }: Quantization, facts: DeviceFacts): Dispatch => {
  const [low, high] = integerRange(to) as readonly [number, number];
  return {
    kernel: quantizeLinearKernel,
    constants: { WORKGROUP_SIZE, HAS_ZERO: Number(zero !== undefined), SHARED: Number(isShared(places)) },
    definitions: { From: deviceElement(from), To: deviceElement(to) },
    functions: { divide: 'return whole_quotient(x, s);' },
    libraries: ['quotient'],
    // A kernel without zero point still has the binding: the scale stands in, unread.
    operands: { x, scale, zero: zero ?? scale, y },
    params: { count, low, high, ...places },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** Operands of one scale and zero point for all, into packed bytes. */
export const quantizePacked = (
  { from, to, x, scale, zero, y }: Omit<Quantization, 'places' | 'count'>,
  { shape, channelsFirst }: { readonly shape: ConcreteShape; readonly channelsFirst: boolean },
  facts: DeviceFacts,
): Dispatch => {
  const [low, high] = integerRange(to) as readonly [number, number];
  const channels = shape.at(-1) ?? 1;
  const rows = channelsFirst ? sizeOf(shape.slice(1, -1)) : sizeOf(shape.slice(0, -1));
  const count = deviceWords(shape, true);
  return {
    kernel: quantizeBytesKernel,
    constants: { WORKGROUP_SIZE, HAS_ZERO: Number(zero !== undefined) },
    definitions: { From: deviceElement(from) },
    functions: { divide: 'return whole_quotient(x, s);' },
    libraries: ['quotient'],
    // A kernel without zero point still has the binding: the scale stands in, unread.
    operands: { x, scale, zero_point: zero ?? scale, y },
    params: {
      count,
      words: packedWords(channels),
      channels,
      rows,
      image_stride: rows * channels,
      row_stride: channelsFirst ? 1 : channels,
      channel_stride: channelsFirst ? rows : 1,
      low,
      high,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

export const lowerQuantizeLinear = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const [x, scale, zero] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo?];
  const { readsChannelsFirst } = attributes as QuantizeLinearAttributes;
  const quantization: Quantization = {
    from: x.dtype,
    to: outputs[0]!.dtype,
    x: { input: 0 },
    scale: { input: 1 },
    zero: zero && { input: 2 },
    y: { output: 0 },
    places: scaleParams(x.shape, scale.shape, attributes as QuantizeLinearAttributes),
    count: sizeOf(x.shape),
  };
  const y = outputs[0]!;
  if (y.packed) return [quantizePacked(quantization, { shape: y.shape, channelsFirst: readsChannelsFirst }, facts)];
  return [quantize(quantization, facts)];
};
