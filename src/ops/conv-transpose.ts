import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, isConcrete, mulDims, type Shape, shapeText } from '../tensor/shape.js';
import { transposedExtents } from '../tensor/transposed-window.js';
import { epilogue, int, internal, ints } from './attributes.js';
import { concrete, defineOperator, elements, expectDim, fail, input, type OpContext } from './operator.js';
import { type SpatialAttributes, spatialAttributes } from './spatial.js';

export interface ConvTransposeAttributes extends SpatialAttributes {
  readonly group: number;
  readonly output_padding: readonly number[] | undefined;
  readonly output_shape: readonly number[] | undefined;
  /** X and Y are [N, ..., C]; W stays [I, O/group, ...]. */
  readonly channelsLast: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

/** Y[n, o, i * stride - pad + k * dilation] += X[n, c, i] * W[c, o, k] over all c, i and k, from B[o], within each group. */
export const convTranspose = defineOperator<ConvTransposeAttributes & Attributes>({
  name: 'ConvTranspose',
  attributes: {
    ...spatialAttributes,
    group: int(1, 1),
    output_padding: ints(0),
    output_shape: ints(1),
    channelsLast: internal(false),
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
  macs: (context) => {
    const [, ...kernel] = concrete(input(context as never, 1).shape);
    return elements(input(context as never, 0).shape) * kernel.reduce((a, d) => a * d, 1);
  },
});

const outputShape = (
  { attributes }: OpContext<ConvTransposeAttributes>,
  x: Shape,
  w: Shape,
  b: Shape | undefined,
): Shape | undefined => {
  const { group, channelsLast } = attributes;
  if (x.length < 3) fail(`the input must have at least 3 dimensions, got shape ${shapeText(x)}`);
  if (w.length !== x.length) fail(`the weight must have ${x.length} dimensions, got shape ${shapeText(w)}`);
  const [inputs, perGroup, ...kernel] = w as readonly [Dim, Dim, ...Dim[]];
  const outputs = mulDims(perGroup, group);
  expectDim((channelsLast ? x.at(-1) : x[1]) as Dim, inputs, 'the number of input channels');
  if (typeof inputs === 'number' && inputs % group !== 0) fail(`group ${group} does not divide ${inputs} input channels`);
  if (b && b.length !== 1) fail(`the bias must have 1 dimension, got shape ${shapeText(b)}`);
  expectDim(b?.[0], outputs, 'the length of the bias');
  if (!isConcrete(kernel)) return undefined;
  const spatial = transposedExtents(channelsLast ? x.slice(1, -1) : x.slice(2), attributes, kernel);
  return channelsLast ? [x[0] as Dim, ...spatial, outputs] : [x[0] as Dim, outputs, ...spatial];
};
