import { TilewiseError } from '../errors.js';
import type { ConvAttributes } from '../ops/conv.js';
import { imageStrides } from '../tensor/layout.js';
import type { ConcreteShape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { slidingWindows, type Window } from '../tensor/window.js';
import type { DeviceFacts } from './facts.js';
import type { Dispatch, KernelRequest, Operand, TensorInfo } from './kernel.js';

/** A 2-D convolution in numbers; a 1-D one has a single row. */
export interface ConvGeometry {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly group: number;
  readonly rows: Window;
  readonly columns: Window;
  readonly readsChannelsFirst: boolean;
  readonly writesChannelsFirst: boolean;
  /** Strides of x and y, in elements. */
  readonly x: ImageStrides;
  readonly y: ImageStrides;
}

type ImageStrides = ReturnType<typeof imageStrides>;

/** What a kernel that packs its weights is planned from. */
export interface ConvTask {
  readonly geometry: ConvGeometry;
  readonly weight: Tensor;
  readonly facts: DeviceFacts;
}

/** The parts of a dispatch in which such kernels differ; x, bias, y and the epilogue are common to all. */
export type ConvPlan = Pick<Dispatch, 'kernel' | 'constants' | 'definitions' | 'functions' | 'params' | 'workgroups'> & {
  readonly weight: Operand;
};
export type ConvKernel = (task: ConvTask) => ConvPlan;

/** Along an axis that there is none of. */
export const POINT: Window = { input: 1, kernel: 1, stride: 1, dilation: 1, padBegin: 0, padEnd: 0, output: 1 };

export const convGeometry = ({ attributes, inputs, outputs }: KernelRequest<ConvAttributes>): ConvGeometry => {
  const [x, w] = inputs as readonly [TensorInfo, TensorInfo];
  const rank = x.shape.length - 2;
  if (rank > 2) throw new TilewiseError('unsupported-model', `convolution over ${rank} spatial axes has no kernel`);
  const { channelsLast, readsChannelsFirst, writesChannelsFirst, group } = attributes;
  const xLast = channelsLast && !readsChannelsFirst;
  const yLast = channelsLast && !writesChannelsFirst;
  const spatial = xLast ? x.shape.slice(1, -1) : x.shape.slice(2);
  const windows = slidingWindows(spatial, attributes, w.shape.slice(2));
  const columns = windows.pop() as Window;
  const rows = windows.pop() ?? POINT;
  return {
    batch: x.shape[0] as number,
    inputs: (w.shape[1] as number) * group,
    outputs: w.shape[0] as number,
    group,
    rows,
    columns,
    readsChannelsFirst: !xLast,
    writesChannelsFirst: !yLast,
    x: imageStrides(asImage(x.shape, xLast), xLast),
    y: imageStrides(asImage((outputs[0] as TensorInfo).shape, yLast), yLast),
  };
};

const asImage = (shape: ConcreteShape, channelsLast: boolean): ConcreteShape => {
  if (shape.length === 4) return shape;
  const [n, a, b] = shape as readonly [number, number, number];
  return channelsLast ? [n, 1, a, b] : [n, a, 1, b];
};

export type Windows = Pick<ConvGeometry, 'rows' | 'columns'>;

/** Params fields that say how far x and y extend. */
export const extents = (g: Windows) => ({ ...extentsOfRow(g), out_h: g.rows.output });

/** The same without the rows of y, which workgroups count. */
export const extentsOfRow = ({ rows, columns }: Windows) => ({
  in_h: rows.input,
  in_w: columns.input,
  out_w: columns.output,
});

/** Params fields that say how the window lies and moves. */
export const steps = ({ rows, columns }: Windows) => ({
  kernel_h: rows.kernel,
  kernel_w: columns.kernel,
  stride_h: rows.stride,
  stride_w: columns.stride,
  dilation_h: rows.dilation,
  dilation_w: columns.dilation,
  pad_h: rows.padBegin,
  pad_w: columns.padBegin,
});
