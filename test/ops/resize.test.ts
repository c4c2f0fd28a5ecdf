import { describe, expect, it } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import type { CoordinateMode, NearestMode } from '../../src/ops/resize.js';
import { matmulTolerance, tolerances } from '../../src/tensor/compare.js';
import { caseGraph, checkOp, expectWrongKernelRejected, type InputSpec, type OpCase } from '../support/check-op.js';

const list = (dtype: 'float32' | 'int64', data: number[]): InputSpec => ({ shape: [data.length], dtype, data, constant: true });

/** Nearest moves data; the others are sums of some products of a weight, at most 2, and a value, at most 2. */
const toleranceOf = (mode: string | undefined) => {
  if (mode === 'cubic') return matmulTolerance(64, 2, 2);
  return mode === 'linear' ? matmulTolerance(8, 1, 2) : tolerances.exact;
};

const resize = (
  shape: number[],
  to: { scales: number[] } | { sizes: number[] },
  attributes: Record<string, unknown> & { mode?: string } = {},
): OpCase => ({
  name: `Resize [${shape}] ${JSON.stringify(to)} ${JSON.stringify(attributes)}`,
  op: 'Resize',
  attributes: attributes as Attributes,
  inputs:
    'scales' in to
      ? [{ shape }, undefined, list('float32', to.scales)]
      : [{ shape }, undefined, undefined, list('int64', to.sizes)],
  tolerance: toleranceOf(attributes.mode),
});

const coordinateModes: CoordinateMode[] = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
];
const nearestModes: NearestMode[] = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'];
const linear = { mode: 'linear' };

const everyMode = coordinateModes.flatMap((coordinate_transformation_mode) => [
  ...nearestModes.flatMap((nearest_mode) => {
    const attributes = { coordinate_transformation_mode, nearest_mode };
    return [
      resize([1, 2, 4, 5], { scales: [1, 1, 2, 2] }, attributes),
      resize([2, 1, 6, 8], { scales: [1, 1, 0.5, 0.75] }, attributes),
      resize([1, 3, 4, 3], { sizes: [1, 3, 7, 1] }, attributes),
    ];
  }),
  resize([1, 2, 4, 5], { scales: [1, 1, 2, 2] }, { ...linear, coordinate_transformation_mode }),
  resize([2, 2, 7, 9], { scales: [1, 1, 0.6, 1.3] }, { ...linear, coordinate_transformation_mode }),
  resize([1, 3, 4, 3], { sizes: [1, 3, 7, 1] }, { ...linear, coordinate_transformation_mode }),
]);

const channelsLast = [
  resize([1, 4, 5, 3], { scales: [1, 1, 2, 2] }, { channelsLast: true }),
  resize([2, 4, 5, 8], { scales: [1, 1, 2, 3] }, { channelsLast: true }),
  resize([2, 4, 5, 8], { sizes: [2, 8, 9, 3] }, { ...linear, channelsLast: true }),
  resize([1, 3, 4, 4], { scales: [2, 1.5] }, { ...linear, channelsLast: true, axes: [2, -1] }),
];

const cubic = { mode: 'cubic' };

const wide = [
  ...coordinateModes.flatMap((coordinate_transformation_mode) => [
    resize([1, 2, 4, 5], { scales: [1, 1, 2, 2] }, { ...cubic, coordinate_transformation_mode }),
    resize([2, 2, 7, 9], { scales: [1, 1, 0.6, 1.3] }, { ...cubic, coordinate_transformation_mode, exclude_outside: true }),
    resize([2, 1, 7, 9], { sizes: [2, 1, 3, 4] }, { ...linear, coordinate_transformation_mode, antialias: true }),
    resize([1, 1, 9, 3], { sizes: [1, 1, 4, 8] }, { ...cubic, coordinate_transformation_mode, antialias: true }),
  ]),
  resize([1, 1, 4, 4], { scales: [1, 1, 0.6, 0.6] }, { ...linear, coordinate_transformation_mode: 'align_corners' }),
  resize([1, 1, 4, 4], { sizes: [1, 1, 9, 10] }, { ...cubic, cubic_coeff_a: -0.5, exclude_outside: true }),
  resize([2, 4, 5, 8], { sizes: [2, 8, 9, 3] }, { ...cubic, channelsLast: true }),
  resize([5], { scales: [1] }, cubic),
  resize([1, 1, 129, 33], { sizes: [1, 1, 31, 4] }, { ...linear, antialias: true }),
  resize([0, 1, 4, 4], { scales: [1, 1, 2, 2] }, cubic),
];

/** Regions that look at a part of x, that turn it around and that reach beyond it. */
const crops = [
  { mode: 'linear', roi: [0.2, 0.3, 0.7, 0.6] },
  { mode: 'linear', roi: [1, 0, 0, 1] },
  { mode: 'linear', roi: [-0.4, 0.5, 0.8, 1.5], extrapolation_value: 10 },
  { mode: 'cubic', roi: [0.1, -0.2, 1.2, 0.6], extrapolation_value: -3 },
  { mode: 'nearest', roi: [0.1, -0.2, 1.2, 0.6], extrapolation_value: 2 },
].map(({ roi, ...given }): OpCase => {
  const attributes = { ...given, axes: [2, 3], coordinate_transformation_mode: 'tf_crop_and_resize' };
  const made = resize([1, 2, 4, 5], { sizes: [3, 7] }, attributes);
  const [x, , ...sizes] = made.inputs;
  return { ...made, name: `${made.name} [${roi}]`, inputs: [x, list('float32', roi), ...sizes] };
});

const others = [
  resize([5], { scales: [2] }, linear),
  resize([3, 4], { scales: [2, 3] }),
  resize([2, 3, 5], { sizes: [2, 3, 31] }, linear),
  resize([1, 2, 3, 4, 3], { scales: [1, 1, 2, 2, 2] }),
  resize([1, 2, 3, 4, 3], { scales: [1, 1, 2, 1.5, 3] }, linear),
  resize([2, 3, 4, 4], { scales: [2, 2, 1, 1] }),
  resize([2, 2, 3, 3], { sizes: [3, 4, 5, 6] }, linear),
  resize([1, 2, 5, 5], { scales: [1, 1, 1, 1] }, linear),
  resize([1, 1, 5, 5], { scales: [1, 1, 1.1, 1.1] }, { ...linear, coordinate_transformation_mode: 'asymmetric' }),
  resize([1, 2, 4, 6], { sizes: [8, 9] }, { axes: [2, 3], keep_aspect_ratio_policy: 'not_larger' }),
  resize([1, 2, 4, 6], { sizes: [8, 9] }, { ...linear, axes: [-2, -1], keep_aspect_ratio_policy: 'not_smaller' }),
  resize([1, 1, 127, 129], { sizes: [1, 1, 33, 4] }, linear),
  resize([1, 1, 10, 10], { scales: [1, 1, 0.7, 0.7] }),
  resize([0, 1, 4, 4], { scales: [1, 1, 2, 2] }),
  resize([1, 1, 4, 4], { sizes: [1, 1, 0, 4] }),
  {
    ...resize([1, 1, 4, 4], { scales: [1, 1, 2, 2] }),
    name: 'Resize int32 with an empty roi and empty sizes',
    inputs: [
      { shape: [1, 1, 4, 4], dtype: 'int32' as const, range: [-9, 9] as const },
      list('float32', []),
      list('float32', [1, 1, 2, 2]),
      list('int64', []),
    ],
  },
  {
    ...resize([1, 1, 2, 3], { scales: [1, 1, 3, 2] }, linear),
    name: 'Resize of infinities and NaN',
    inputs: [
      { shape: [1, 1, 2, 3], data: [1, Number.POSITIVE_INFINITY, 2, 3, 4, Number.NaN] },
      undefined,
      list('float32', [1, 1, 3, 2]),
    ],
  },
];

describe('resize', () => {
  it.each(everyMode)('$name', (opCase) => checkOp(opCase));
  it.each(channelsLast)('$name', (opCase) => checkOp(opCase));
  it.each(wide)('$name', (opCase) => checkOp(opCase));
  it.each(crops)('$name', (opCase) => checkOp(opCase));
  it.each(others)('$name', (opCase) => checkOp(opCase));
  it('rejects a wrong kernel of many taps', () =>
    expectWrongKernelRejected(wide[0] as OpCase, 'tap.weight * x', '1.001 * tap.weight * x'));
  it('rejects a wrong kernel', () => expectWrongKernelRejected(others[2] as OpCase, 'high * weight', 'high * (weight + 0.001)'));
  it.each([
    [
      'tf_crop_and_resize needs a region',
      resize([1, 1, 2, 2], { scales: [1, 1, 2, 2] }, { coordinate_transformation_mode: 'tf_crop_and_resize' }),
    ],
    [
      'the region must have 8 elements, got 4',
      {
        ...resize([1, 1, 2, 2], { scales: [1, 1, 2, 2] }, { coordinate_transformation_mode: 'tf_crop_and_resize' }),
        inputs: [{ shape: [1, 1, 2, 2] }, list('float32', [0, 0, 1, 1]), list('float32', [1, 1, 2, 2])],
      },
    ],
    ['scales must have 4 elements, got 2', resize([1, 1, 2, 2], { scales: [2, 2] })],
    ['sizes must have 2 elements, got 4', resize([1, 1, 2, 2], { sizes: [1, 1, 2, 2] }, { axes: [2, 3] })],
    ['must be positive and finite', resize([2, 2], { scales: [0, 1] })],
    ['must be positive and finite', resize([2, 2], { scales: [1, Number.NaN] })],
    ['must be non-negative', resize([2, 2], { sizes: [-1, 1] })],
    ['axis 0 has no elements to resize', resize([0, 2], { sizes: [3, 2] })],
    ['name one axis twice', resize([2, 2], { sizes: [3, 2] }, { axes: [1, -1] })],
    ['exactly one of scales and sizes', { ...resize([2, 2], { sizes: [3, 2] }), inputs: [{ shape: [2, 2] }] }],
  ])('refuses: %s', (message, opCase) => expect(() => caseGraph(opCase)).toThrow(message));
});
