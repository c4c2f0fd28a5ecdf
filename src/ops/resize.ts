import type { Attributes, Value } from '../graph/graph.js';
import { channelsLastAxis } from '../tensor/layout.js';
import { type Dim, isConcrete, mapDim, type Shape } from '../tensor/shape.js';
import { flag, float, internal, ints, word } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export type CoordinateMode =
  | 'half_pixel'
  | 'half_pixel_symmetric'
  | 'pytorch_half_pixel'
  | 'align_corners'
  | 'asymmetric'
  | 'tf_crop_and_resize';
export type NearestMode = 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
export type AspectPolicy = 'stretch' | 'not_larger' | 'not_smaller';

export interface ResizeAttributes extends Attributes {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly coordinate_transformation_mode: CoordinateMode;
  readonly nearest_mode: NearestMode;
  readonly antialias: boolean;
  /** The axes that scales and sizes are given for; absent: all of them. */
  readonly axes: readonly number[] | undefined;
  readonly keep_aspect_ratio_policy: AspectPolicy;
  readonly cubic_coeff_a: number;
  readonly exclude_outside: boolean;
  readonly extrapolation_value: number;
  /** True: x is stored N, H, W, C, while axes, scales and sizes go on meaning N, C, H, W. */
  readonly channelsLast: boolean;
}

const checkRegion = (roi: Value | undefined, axes: number | undefined): void => {
  const numbers = constantNumbers(roi ?? fail('tf_crop_and_resize needs a region (input 1)'));
  if (axes !== undefined && numbers && numbers.length !== 2 * axes) {
    fail(`the region must have ${2 * axes} elements, got ${numbers.length}`);
  }
};

/** A list input; an empty tensor stands for an absent one. */
const given = (value: Value | undefined): Value | undefined => (value?.shape?.[0] === 0 ? undefined : value);

/** floor(extent * scale), the product rounded to float32 as the format's own runtimes do. */
const scaledBy = (scale: number, extent: Dim): Dim =>
  scale === 1 ? extent : mapDim(extent, `resize ${scale} `, (d) => Math.floor(Math.fround(d * scale)));

const sizesOf = (dims: Shape, sizes: readonly number[], policy: AspectPolicy): Shape | undefined => {
  if (policy === 'stretch') return sizes;
  if (!isConcrete(dims)) return undefined;
  const ratios = dims.map((d, i) => (sizes[i] as number) / d);
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return dims.map((d) => Math.floor(d * scale + 0.5));
};

const resizedDims = (
  dims: Shape,
  scales: Value | undefined,
  sizes: Value | undefined,
  policy: AspectPolicy,
): Shape | undefined => {
  const numbers = constantNumbers(scales ?? sizes);
  if (!numbers) return undefined;
  const what = scales ? 'scales' : 'sizes';
  if (numbers.length !== dims.length) fail(`${what} must have ${dims.length} elements, got ${numbers.length}`);
  const good = numbers.every((v) => (scales ? v > 0 && Number.isFinite(v) : v >= 0));
  if (!good) fail(`${what} [${numbers.join(', ')}] must be ${scales ? 'positive and finite' : 'non-negative'}`);
  return scales ? dims.map((d, i) => scaledBy(numbers[i] as number, d)) : sizesOf(dims, numbers, policy);
};

const resizedShape = (
  shape: Shape,
  { axes, channelsLast, keep_aspect_ratio_policy }: ResizeAttributes,
  scales: Value | undefined,
  sizes: Value | undefined,
): Shape | undefined => {
  if (channelsLast && shape.length !== 4) fail(`channels-last data must have 4 dimensions, got ${shape.length}`);
  const logical = (axes ?? shape.map((_, i) => i)).map((axis) => axisOf(axis, shape.length));
  if (new Set(logical).size < logical.length) fail(`axes [${logical.join(', ')}] name one axis twice`);
  const stored = logical.map((axis) => (channelsLast ? channelsLastAxis(axis) : axis));
  const before = stored.map((axis) => shape[axis] as Dim);
  const after = resizedDims(before, scales, sizes, keep_aspect_ratio_policy);
  if (!after) return undefined;
  const out = [...shape];
  stored.forEach((axis, i) => {
    if (before[i] === 0 && after[i] !== 0) fail(`axis ${axis} has no elements to resize`);
    out[axis] = after[i] as Dim;
  });
  return out;
};

/**
 * x resampled along its axes by factors (input 2) or to extents (input 3). Mode tf_crop_and_resize takes the region of
 * input 1 (starts, then ends, 0 to 1 along each axis); the other modes ignore it.
 */
export const resize = defineOperator<ResizeAttributes>({
  name: 'Resize',
  attributes: {
    mode: word(['nearest', 'linear', 'cubic'], 'nearest'),
    coordinate_transformation_mode: word<CoordinateMode>(
      ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric', 'tf_crop_and_resize'],
      'half_pixel',
    ),
    nearest_mode: word<NearestMode>(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'], 'round_prefer_floor'),
    antialias: flag(false),
    axes: ints(),
    keep_aspect_ratio_policy: word<AspectPolicy>(['stretch', 'not_larger', 'not_smaller'], 'stretch'),
    cubic_coeff_a: float(-0.75),
    exclude_outside: flag(false),
    extrapolation_value: float(0),
    channelsLast: internal(false),
  },
  inputs: [1, 4],
  hostInputs: [1, 2, 3],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const [, roi, scales, sizes] = context.inputs.map(given);
    const { axes, coordinate_transformation_mode } = context.attributes;
    if (coordinate_transformation_mode === 'tf_crop_and_resize') checkRegion(roi, axes?.length ?? shape?.length);
    if (!scales === !sizes) fail('exactly one of scales and sizes must be given');
    if (scales && scales.dtype !== 'float32') fail(`scales must be float32, got ${scales.dtype}`);
    return [{ dtype, shape: shape && resizedShape(shape, context.attributes, scales, sizes) }];
  },
});
