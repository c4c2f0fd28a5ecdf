import { maxPoolIndices, pool3d } from '../../shaders/index.js';
import type { EpilogueStep } from '../graph/graph.js';
import type { MaxPoolAttributes } from '../ops/pool.js';
import { deviceElement } from '../tensor/dtype.js';
import { type ConcreteShape, sizeOf, stridesOf } from '../tensor/shape.js';
import type { Window } from '../tensor/window.js';
import { epilogueBody, epilogueLibraries } from './epilogue.js';
import { type Dispatch, grid, type Kernel, type KernelRequest, type TensorInfo } from './kernel.js';
import { placesOf, rejectMoreAxes, SPATIAL_AXES, stepsOf, triple } from './windows-3d.js';

export const pool3dKernel: Kernel = { name: 'pool-3d', wgsl: pool3d };
export const maxPoolIndicesKernel: Kernel = { name: 'max-pool-indices', wgsl: maxPoolIndices };
const WORKGROUP_SIZE = 64;

/** A way of pooling as WGSL: the bodies of the kernel's functions, and the bits of what changes nothing. */
export interface Pooling {
  readonly combine: string;
  readonly finish: string;
  readonly neutral: number;
  readonly countPadding: boolean;
}

/** Pooling over up to three spatial axes. */
export const lowerPool3d = (request: KernelRequest, windows: readonly Window[], pooling: Pooling): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request;
  const { dtype, shape } = inputs[0] as TensorInfo;
  rejectMoreAxes(op, windows.length);
  const channelsLast = attributes.channelsLast as boolean;
  const steps = attributes.epilogue as readonly EpilogueStep[];
  const element = deviceElement(dtype);
  const count = sizeOf(outputs[0]!.shape);
  const { combine, finish, neutral, countPadding } = pooling;
  return [
    {
      kernel: pool3dKernel,
      constants: { CHANNELS_LAST: Number(channelsLast), WORKGROUP_SIZE },
      definitions: { Elem: element },
      functions: { combine, finish, epilogue: epilogueBody(steps, 1, element) },
      libraries: epilogueLibraries(steps),
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: {
        count,
        channels: (channelsLast ? shape.at(-1) : shape[1]) as number,
        ...placesOf(shape, channelsLast),
        ...stepsOf(windows),
        counted_from: triple(
          windows.map(({ padBegin }) => (countPadding ? -padBegin : 0)),
          0,
        ),
        counted_to: triple(
          windows.map(({ input, padEnd }) => input + (countPadding ? padEnd : 0)),
          1,
        ),
        neutral,
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

/** Output 1 of a MaxPool. */
export const lowerMaxPoolIndices = (request: KernelRequest, windows: readonly Window[]): Dispatch[] => {
  const { op, attributes, inputs, outputs, facts } = request;
  const { dtype, shape } = inputs[0] as TensorInfo;
  rejectMoreAxes(op, windows.length);
  const element = deviceElement(dtype);
  const extents = triple(shape.slice(2), 1).slice(0, SPATIAL_AXES);
  const { in_extents, out_extents, kernel, strides, dilations, pads } = stepsOf(windows);
  const count = sizeOf(outputs[1]!.shape);
  return [
    {
      kernel: maxPoolIndicesKernel,
      constants: { WORKGROUP_SIZE },
      definitions: { Elem: element },
      ...(element !== 'f32' && { functions: { is_nan: 'return false;' } }),
      operands: { x: { input: 0 }, y: { output: 1 } },
      params: {
        count,
        plane: sizeOf(extents),
        ...{ in_extents, out_extents, kernel, strides, dilations, pads },
        index_strides: indexStrides(extents, (attributes as unknown as MaxPoolAttributes).storage_order),
      },
      workgroups: grid(count, WORKGROUP_SIZE, facts),
    },
  ];
};

const indexStrides = (extents: ConcreteShape, storageOrder: number): number[] =>
  storageOrder === 0 ? stridesOf(extents) : stridesOf(extents.toReversed()).reverse();
