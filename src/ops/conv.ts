import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, isConcrete, type Shape, shapeText } from '../tensor/shape.js';
import { outputExtents } from '../tensor/window.js';
import { epilogue, int, internal } from './attributes.js';
import { concrete, defineOperator, elements, expectDim, fail, input, type OpContext } from './operator.js';
import { type SpatialAttributes, spatialAttributes } from './spatial.js';

export interface ConvAttributes extends SpatialAttributes {
  readonly group: number;
  /** X and Y are [N, ..., C]; W stays [O, I/group, ...]. */
  readonly channelsLast: boolean;
  /** X is [N, C, ...] all the same. */
  readonly readsChannelsFirst: boolean;
  /** Y is [N, C, ...] all the same, and so are the operands of the epilogue. */
  readonly writesChannelsFirst: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

/** Y[n, o, p] = B[o] + sum over i, k of X[n, i, p * stride - pad + k * dilation] * W[o, i, k], within each group. */
export const conv = defineOperator<ConvAttributes & Attributes>({
  name: 'Conv',
  attributes: {
    ...spatialAttributes,
    group: int(1, 1),
    channelsLast: internal(false),
    readsChannelsFirst: internal(false),
    writesChannelsFirst: internal(false),
    epilogue: epilogue(),
  },
  inputs: [2, 3],
  epilogueOperands: true,
  infer: (context) => {
    const x = input(context as never, 0);
    const w = input(context as never, 1);
    const b = context.inputs[2];
    if (!isFloat(x.dtype)) fail(`convolution is not defined for ${x.dtype}`);
    if (w.dtype !== x.dtype || (b && b.dtype !== x.dtype)) {
      fail(`inputs must have one type, got ${[x, w, b].flatMap((v) => v?.dtype ?? []).join(', ')}`);
    }
    if (!x.shape || !w.shape) return [{ dtype: x.dtype, shape: undefined }];
    return [{ dtype: x.dtype, shape: outputShape(context, x.shape, w.shape, b?.shape) }];
  },
  macs: (context, [y]) => {
    const [, ...kernel] = concrete(input(context as never, 1).shape);
    return elements(y?.shape) * kernel.reduce((a, d) => a * d, 1);
  },
});

const outputShape = ({ attributes }: OpContext<ConvAttributes>, x: Shape, w: Shape, b: Shape | undefined): Shape | undefined => {
  const { group, channelsLast, readsChannelsFirst, writesChannelsFirst } = attributes;
  const xLast = channelsLast && !readsChannelsFirst;
  const yLast = channelsLast && !writesChannelsFirst;
  if (x.length < 3) fail(`the input must have at least 3 dimensions, got shape ${shapeText(x)}`);
  if (w.length !== x.length) fail(`the weight must have ${x.length} dimensions, got shape ${shapeText(w)}`);
  const [outputs, perGroup, ...kernel] = w as readonly [Dim, Dim, ...Dim[]];
  const channels = (xLast ? x.at(-1) : x[1]) as Dim;
  if (typeof outputs === 'number' && outputs % group !== 0) fail(`group ${group} does not divide ${outputs} output channels`);
  if (typeof perGroup === 'number') expectDim(channels, perGroup * group, 'the number of input channels');
  if (b && b.length !== 1) fail(`the bias must have 1 dimension, got shape ${shapeText(b)}`);
  expectDim(b?.[0], outputs, 'the length of the bias');
  if (!isConcrete(kernel)) return undefined;
  const spatial = outputExtents(xLast ? x.slice(1, -1) : x.slice(2), attributes, kernel);
  return yLast ? [x[0] as Dim, ...spatial, outputs] : [x[0] as Dim, outputs, ...spatial];
};
