import { resize } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { CoordinateMode, NearestMode, ResizeAttributes } from '../ops/resize.js';
import { deviceElement } from '../tensor/dtype.js';
import { channelsLastAxis } from '../tensor/layout.js';
import { type ConcreteShape, resolveAxis, sizeOf } from '../tensor/shape.js';
import { optionalNumbers } from './constant-input.js';
import type { DeviceFacts } from './facts.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type Operand, type TensorInfo } from './kernel.js';
import { isIdentityTap, resizeOne, type WideTap, wideTap } from './resize-taps.js';

export const resizeKernel: Kernel = { name: 'resize', wgsl: resize };
const WORKGROUP_SIZE = 64;

/** How an axis is resized. The region, in shares of the axis, is what tf_crop_and_resize looks at. */
interface AxisScale {
  readonly scale: number;
  readonly region: readonly [start: number, end: number];
}

/** Where element i of the resized axis lies along the axis of x. */
type Coordinate = (i: number, axis: AxisScale, before: number, after: number) => number;

/**
 * What the formulas call the resized length: `scale * before`, of which the extent is the whole part. Rounding errors of
 * the scale must not move it off the extent.
 */
const lengthOf = (scale: number, before: number, after: number): number =>
  Math.abs(scale * before - after) < 1e-5 * after ? after : scale * before;

/** The formulas of ONNX Resize, coordinate_transformation_mode. */
const coordinates: Readonly<Record<CoordinateMode, Coordinate>> = {
  half_pixel: (i, { scale }) => (i + 0.5) / scale - 0.5,
  half_pixel_symmetric: (i, { scale }, before, after) => {
    const margin = (before / 2) * (1 - after / (scale * before));
    return margin + (i + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (i, { scale }, _, after) => (after > 1 ? (i + 0.5) / scale - 0.5 : 0),
  align_corners: (i, { scale }, before, after) => (after > 1 ? (i * (before - 1)) / (lengthOf(scale, before, after) - 1) : 0),
  asymmetric: (i, { scale }) => i / scale,
  tf_crop_and_resize: (i, { scale, region: [start, end] }, before, after) => {
    const place = after > 1 ? i / (lengthOf(scale, before, after) - 1) : 0.5;
    return (start + place * (end - start)) * (before - 1);
  },
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

const tapsOf = (a: ResizeAttributes, before: number, after: number, axis: AxisScale): Tap[] => {
  const coordinate = coordinates[a.coordinate_transformation_mode];
  return Array.from({ length: after }, (_, i) => {
    const x = coordinate(i, axis, before, after);
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
const axisScales = (a: ResizeAttributes, inputs: KernelRequest['inputs'], x: ConcreteShape, y: ConcreteShape): AxisScale[] => {
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
  const ends = a.coordinate_transformation_mode === 'tf_crop_and_resize' ? list(inputs[1], 'the region of a Resize') : undefined;
  return all.map((scale, axis) => {
    const i = axes.indexOf(axis);
    return { scale, region: ends && i >= 0 ? [ends[i] as number, ends[axes.length + i] as number] : [0, 1] };
  });
};

/** True where an element is made of two elements an axis at most, and of nothing else. */
const isPlain = (a: ResizeAttributes): boolean =>
  a.mode !== 'cubic' && !a.antialias && a.coordinate_transformation_mode !== 'tf_crop_and_resize';

export const lowerResize = (request: KernelRequest): Dispatch[] => {
  const a = request.attributes as ResizeAttributes;
  const { dtype, shape: x } = request.inputs[0]!;
  if ((a.mode !== 'nearest' || !isPlain(a)) && deviceElement(dtype) !== 'f32') {
    throw new TilewiseError('unsupported-model', `${a.mode} Resize of ${dtype} is not supported`);
  }
  const axes = axisScales(a, request.inputs, x, request.outputs[0]!.shape);
  return isPlain(a) ? lowerPlain(request, axes) : lowerWide(request, axes);
};

/** Every interpolation is separable: each launch resizes up to two axes, and any others wait for the next one. */
const lowerPlain = ({ attributes, inputs, outputs, facts }: KernelRequest, scales: readonly AxisScale[]): Dispatch[] => {
  const a = attributes as ResizeAttributes;
  const x = inputs[0]!.shape;
  const y = outputs[0]!.shape;
  const taps = x.map((d, axis) => tapsOf(a, d, y[axis] as number, scales[axis] as AxisScale));
  const resized = x.flatMap((d, axis) => (isIdentity(taps[axis] as Tap[], d) ? [] : [axis]));
  const groups = Array.from({ length: Math.max(1, Math.ceil(resized.length / 2)) }, (_, i) => resized.slice(2 * i, 2 * i + 2));
  return launches(groups, x, y, (axes, shape, next, ends) => resizeTwo(a.mode, axes, taps, shape, sizeOf(next), ends, facts));
};

/** One launch an axis. */
const lowerWide = ({ attributes, inputs, outputs, facts }: KernelRequest, scales: readonly AxisScale[]): Dispatch[] => {
  const a = attributes as ResizeAttributes;
  const x = inputs[0]!.shape;
  const y = outputs[0]!.shape;
  const taps = x.map((d, axis) => wideTaps(a, d, y[axis] as number, scales[axis] as AxisScale));
  const resized = x.flatMap((d, axis) => (taps[axis]?.length === d && taps[axis].every(isIdentityTap) ? [] : [axis]));
  const groups = resized.length > 0 ? resized.map((axis) => [axis]) : [[0]];
  return launches(groups, x, y, ([axis = 0], shape, _, ends) => resizeOne(axis, taps[axis] as WideTap[], shape, ends, facts));
};

const wideTaps = (a: ResizeAttributes, before: number, after: number, axis: AxisScale): WideTap[] => {
  const crops = a.coordinate_transformation_mode === 'tf_crop_and_resize';
  const coordinate = coordinates[a.coordinate_transformation_mode];
  return Array.from({ length: after }, (_, i) => {
    const x = coordinate(i, axis, before, after);
    if (crops && (x < 0 || x > before - 1)) return wideTap(a, undefined, before, axis.scale);
    if (a.mode === 'nearest') {
      const nearest = Math.min(before - 1, Math.max(0, roundings[a.nearest_mode](x)));
      return { taps: [[nearest, 1]], offset: 0 };
    }
    return wideTap(a, x, before, axis.scale);
  });
};

/** A launch for each group of axes, one after the other from x to y. */
const launches = (
  groups: readonly (readonly number[])[],
  x: ConcreteShape,
  y: ConcreteShape,
  launch: (axes: readonly number[], shape: ConcreteShape, next: ConcreteShape, ends: readonly [Operand, Operand]) => Dispatch,
): Dispatch[] => {
  let source: Operand = { input: 0 };
  let shape = x;
  return groups.map((axes, pass) => {
    const next: ConcreteShape = shape.map((d, axis) => (axes.includes(axis) ? (y[axis] as number) : d));
    const target: Operand = pass === groups.length - 1 ? { output: 0 } : { scratch: pass, bytes: 4 * sizeOf(next) };
    const dispatch = launch(axes, shape, next, [source, target]);
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
