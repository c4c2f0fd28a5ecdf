import { scatterElements, scatterNd } from '../../shaders/more.js';
import { TilewiseError } from '../errors.js';
import type { ScatterElementsAttributes, ScatterNdAttributes, ScatterReduction } from '../ops/scatter.js';
import { deviceElement } from '../tensor/dtype.js';
import { resolveAxis, sizeOf, stridesOf } from '../tensor/shape.js';
import { stridedCopy } from './copy.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { collapseLoops, MAX_LOOPS } from './strides.js';

export const scatterElementsKernel: Kernel = { name: 'scatter-elements', wgsl: scatterElements };
export const scatterNdKernel: Kernel = { name: 'scatter-nd', wgsl: scatterNd };
const WORKGROUP_SIZE = 64;

/** Some compilers assume that there is no NaN: only the bits tell. */
const OR_NAN = '(bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u';

const combination = (reduction: ScatterReduction, float: boolean): string => {
  switch (reduction) {
    case 'none':
      return 'return b;';
    case 'add':
      return 'return a + b;';
    case 'mul':
      return 'return a * b;';
    case 'max':
      return float ? `return select(a, b, b > a || ${OR_NAN});` : 'return max(a, b);';
    case 'min':
      return float ? `return select(a, b, b < a || ${OR_NAN});` : 'return min(a, b);';
  }
};

const definitionsFor = (dtype: TensorInfo['dtype'], reduction: ScatterReduction) => {
  const element = deviceElement(dtype);
  return { definitions: { Elem: element }, functions: { combine: combination(reduction, element === 'f32') } };
};

/** The data as it stands, to be scattered into. */
const copyData = ({ inputs, facts }: KernelRequest): Dispatch[] => {
  const { shape } = inputs[0] as TensorInfo;
  const strides = stridesOf(shape);
  return stridedCopy({ x: { input: 0 }, y: { output: 0 }, extents: shape, xStrides: strides, yStrides: strides }, facts);
};

/**
 * Updates that replace run in any order. Updates that combine run in their own order along the axis, one invocation for
 * each line: no two meet in an element.
 */
export const lowerScatterElements = (request: KernelRequest): Dispatch[] => {
  const { inputs, facts } = request;
  const { axis: given, reduction } = (request as KernelRequest<ScatterElementsAttributes>).attributes;
  const [{ dtype, shape }, { shape: indices }] = inputs as readonly [TensorInfo, TensorInfo];
  if (sizeOf(indices) === 0) return copyData(request);
  const axis = resolveAxis(given, shape.length) as number;
  const strides = stridesOf(shape);
  const kept = collapseLoops(indices.toSpliced(axis, 1), [strides.toSpliced(axis, 1)]);
  if (kept.extents.length > MAX_LOOPS) throw new TilewiseError('unsupported-model', `more than ${MAX_LOOPS} separate axes`);
  const extent = indices[axis] as number;
  const steps = reduction === 'none' ? 1 : extent;
  const count = sizeOf(indices) / steps;
  return [
    ...copyData(request),
    {
      kernel: scatterElementsKernel,
      ...definitionsFor(dtype, reduction),
      operands: { indices: { input: 1 }, updates: { input: 2 }, y: { output: 0 } },
      params: {
        count,
        rank: kept.extents.length,
        extent,
        inner: sizeOf(indices.slice(axis + 1)),
        steps,
        places: shape[axis] as number,
        axis_stride: strides[axis] as number,
        shape: kept.extents.reverse(),
        strides: kept.strides[0]!.reverse(),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** As above; updates that combine run in their own order, one invocation for each element of the slice. */
export const lowerScatterNd = (request: KernelRequest): Dispatch[] => {
  const { inputs, facts } = request;
  const { reduction } = (request as KernelRequest<ScatterNdAttributes>).attributes;
  const [{ dtype, shape }, { shape: indices }, updates] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo];
  if (sizeOf(updates.shape) === 0) return copyData(request);
  const depth = indices.at(-1) as number;
  if (depth > MAX_LOOPS) throw new TilewiseError('unsupported-model', `indices of ${depth} axes (at most ${MAX_LOOPS})`);
  const tuples = sizeOf(indices.slice(0, -1));
  const steps = reduction === 'none' ? 1 : tuples;
  const slice = sizeOf(shape.slice(depth));
  const count = (slice * tuples) / steps;
  return [
    ...copyData(request),
    {
      kernel: scatterNdKernel,
      ...definitionsFor(dtype, reduction),
      operands: { indices: { input: 1 }, updates: { input: 2 }, y: { output: 0 } },
      params: { count, slice, steps, depth, extents: shape.slice(0, depth), strides: stridesOf(shape).slice(0, depth) },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};
