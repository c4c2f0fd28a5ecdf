import { resize } from '../../shaders/index.js';
import { TilewiseError } from '../errors.js';
import type { CoordinateMode, NearestMode, ResizeAttributes } from '../ops/resize.js';
import { deviceElement } from '../tensor/dtype.js';
import { channelsLastAxis } from '../tensor/layout.js';
import { type ConcreteShape, resolveAxis, sizeOf } from '../tensor/shape.js';
import { optionalNumbers } from './constant-input.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';

export const resizeKernel: Kernel = { name: 'resize', wgsl: resize };
const WORKGROUP_SIZE = 64;

/** Where element i of the resized axis lies along the axis of x. */
type Coordinate = (i: number, scale: number, before: number, after: number) => number;

/** The formulas of ONNX Resize, coordinate_transformation_mode; shape inference has refused the mode that is not here. */
const coordinates: Readonly<Record<Exclude<CoordinateMode, 'tf_crop_and_resize'>, Coordinate>> = {
  half_pixel: (i, scale) => (i + 0.5) / scale - 0.5,
  half_pixel_symmetric: (i, scale, before, after) => {
    const margin = (before / 2) * (1 - after / (scale * before));
    return margin + (i + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (i, scale, _, after) => (after > 1 ? (i + 0.5) / scale - 0.5 : 0),
  align_corners: (i, _, before, after) => (after > 1 ? (i * (before - 1)) / (after - 1) : 0),
  asymmetric: (i, scale) => i / scale,
};

const roundings: Readonly<Record<NearestMode, (x: number) => number>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** The two elements of x that an element of the resized axis is made of, and the share of the second. */
interface Tap {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

const tapsOf = (a: ResizeAttributes, before: number, after: number, scale: number): Tap[] => {
  const coordinate = coordinates[a.coordinate_transformation_mode as keyof typeof coordinates];
  return Array.from({ length: after }, (_, i) => {
    const x = coordinate(i, scale, before, after);
    const inside = (v: number): number => Math.min(before - 1, Math.max(0, v));
    if (a.mode === 'nearest') {
      const low = inside(roundings[a.nearest_mode](x));
      return { low, high: low, weight: 0 };
    }
    const low = Math.floor(inside(x));
    const weight = inside(x) - low;
    return { low, high: weight > 0 ? low + 1 : low, weight };
  });
};

const isIdentity = (taps: readonly Tap[], before: number): boolean =>
  taps.length === before && taps.every(({ low, weight }, i) => low === i && weight === 0);

/** The scale of each axis of x: what the model gives, or the ratio of the extents. */
const scalesOf = (a: ResizeAttributes, inputs: KernelRequest['inputs'], x: ConcreteShape, y: ConcreteShape): number[] => {
  const list = (info: TensorInfo | undefined, what: string): number[] | undefined =>
    info && sizeOf(info.shape) > 0 ? optionalNumbers(info, what) : undefined;
  const scales = list(inputs[2], 'the scales of a Resize');
  const sizes = list(inputs[3], 'the sizes of a Resize');
  const axes = (a.axes ?? x.map((_, i) => i)).map((axis) => {
    const resolved = resolveAxis(axis, x.length) as number;
    return a.channelsLast ? channelsLastAxis(resolved) : resolved;
  });
  const all = x.map((d, axis) => (y[axis] as number) / d);
  if (scales) axes.forEach((axis, i) => (all[axis] = scales[i] as number));
  if (sizes && a.keep_aspect_ratio_policy !== 'stretch') {
    const ratios = axes.map((axis, i) => (sizes[i] as number) / (x[axis] as number));
    const common = a.keep_aspect_ratio_policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
    for (const axis of axes) all[axis] = common;
  }
  return all;
};

/** Both interpolations are separable: each launch resizes up to two axes, and any others wait for the next one. */
export const lowerResize = ({ attributes, inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const a = attributes as ResizeAttributes;
  const { dtype, shape: x } = inputs[0]!;
  const y = outputs[0]!.shape;
  if (a.mode === 'linear' && deviceElement(dtype) !== 'f32') {
    throw new TilewiseError('unsupported-model', `linear Resize of ${dtype} is not supported`);
  }
  const scales = scalesOf(a, inputs, x, y);
  const taps = x.map((d, axis) => tapsOf(a, d, y[axis] as number, scales[axis] as number));
  const resized = x.flatMap((d, axis) => (isIdentity(taps[axis] as Tap[], d) ? [] : [axis]));
  const passes = Math.max(1, Math.ceil(resized.length / 2));
  let source: Operand = { input: 0 };
  let shape = x;
  return Array.from({ length: passes }, (_, pass) => {
    const axes = resized.slice(2 * pass, 2 * pass + 2);
    const next: ConcreteShape = shape.map((d, axis) => (axes.includes(axis) ? (y[axis] as number) : d));
    const target: Operand = pass === passes - 1 ? { output: 0 } : { scratch: pass, bytes: 4 * sizeOf(next) };
    const dispatch = resizeTwo(a.mode, axes, taps, shape, sizeOf(next), [source, target], facts);
    source = target;
    shape = next;
    return dispatch;
  });
};

const LINEAR = 'return select(low * (1 - weight) + high * weight, low, weight == 0);';
const WHOLE: readonly Tap[] = [{ low: 0, high: 0, weight: 0 }];

/** One launch that resizes the last two of `axes` (or one, or none): x seen as [outer, rows, middle, columns, inner]. */
const resizeTwo = (
  mode: ResizeAttributes['mode'],
  axes: readonly number[],
  taps: readonly (readonly Tap[])[],
  shape: ConcreteShape,
  size: number,
  [x, y]: readonly [Operand, Operand],
  facts: DeviceFacts,
): Dispatch => {
  const column = axes.at(-1) ?? -1;
  const row = axes.at(-2) ?? -1;
  const inner = sizeOf(shape.slice(column + 1));
  const rowTaps = taps[row] ?? WHOLE;
  const columnTaps = taps[column] ?? WHOLE;
  const lanes = inner % 4 === 0 ? 4 : 1;
  const element = mode === 'linear' ? 'f' : 'u';
  const count = size / lanes;
  return {
    kernel: resizeKernel,
    definitions: { Elem: lanes === 4 ? `vec4${element}` : `${element}32` },
    ...(mode === 'linear' && { functions: { blend: LINEAR } }),
    operands: { x, taps: { packed: { layout: 'taps', words: packTaps([...rowTaps, ...columnTaps]) } }, y },
    params: {
      count,
      x_rows: shape[row] ?? 1,
      y_rows: rowTaps.length,
      middle: row < 0 ? 1 : sizeOf(shape.slice(row + 1, column)),
      x_columns: shape[column] ?? 1,
      y_columns: columnTaps.length,
      inner: inner / lanes,
    },
    workgroups: grid(count, WORKGROUP_SIZE, facts),
  };
};

/** The kernel's `array<Tap>`. */
const packTaps = (taps: readonly Tap[]): Uint32Array => {
  const words = new Uint32Array(3 * taps.length);
  const floats = new Float32Array(words.buffer);
  taps.forEach(({ low, high, weight }, i) => {
    words.set([low, high], 3 * i);
    floats[3 * i + 2] = weight;
  });
  return words;
};
