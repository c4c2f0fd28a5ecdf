import type { Attributes, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, isConcrete, type Shape, shapeText } from '../tensor/shape.js';
import { int, ints } from './attributes.js';
import { concrete, defineOperator, elements, expectDim, fail, input, type OpContext } from './operator.js';
import { outputExtents } from './spatial.js';

export interface DeformConvAttributes extends Attributes {
  readonly dilations: readonly number[] | undefined;
  readonly group: number;
  readonly kernel_shape: readonly number[] | undefined;
  /** The input channels fall into so many parts with offsets of their own. */
  readonly offset_group: number;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

/**
 * A convolution of X [N, C, H, W] by W [O, C / group, h, w] whose taps are moved: input 2, [N, offset_group * h * w * 2,
 * rows, columns], has the way down and to the right for each tap and place, in pixels. Between pixels X is interpolated,
 * outside it is 0. Inputs 3 and 4, a bias [O] and a factor for each tap [N, offset_group * h * w, rows, columns], may be
 * absent. (Zhu et al., "Deformable ConvNets v2", 2018.)
 */
export const deformConv = defineOperator<DeformConvAttributes>({
  name: 'DeformConv',
  attributes: {
    dilations: ints(1),
    group: int(1, 1),
    kernel_shape: ints(1),
    offset_group: int(1, 1),
    pads: ints(0),
    strides: ints(1),
  },
  inputs: [3, 5],
  infer: (context) => {
    const [x, w, offset] = [0, 1, 2].map((i) => input(context as never, i)) as [Value, Value, Value];
    const [, , , bias, mask] = context.inputs;
    if (!isFloat(x.dtype)) fail(`DeformConv is not defined for ${x.dtype}`);
    for (const value of [x, w, offset, bias, mask]) {
      if (value && value.dtype !== x.dtype) fail(`'${value.name}' must be ${x.dtype}, got ${value.dtype}`);
    }
    if (!x.shape || !w.shape) return [{ dtype: x.dtype, shape: undefined }];
    const shape = outputShape(context, x.shape, w.shape);
    if (shape) checkParts(context, w.shape, shape);
    return [{ dtype: x.dtype, shape }];
  },
  macs: (context, [y]) => {
    const [, ...kernel] = concrete(input(context as never, 1).shape);
    return elements(y?.shape) * kernel.reduce((a, d) => a * d, 1);
  },
});

const outputShape = ({ attributes }: OpContext<DeformConvAttributes>, x: Shape, w: Shape): Shape | undefined => {
  const { group, offset_group } = attributes;
  if (x.length !== 4 || w.length !== 4)
    fail(`the input and the weight must have 4 dimensions, got ${shapeText(x)} and ${shapeText(w)}`);
  const [outputs, perGroup, ...kernel] = w as readonly [Dim, Dim, ...Dim[]];
  const channels = x[1] as Dim;
  if (typeof outputs === 'number' && outputs % group !== 0) fail(`group ${group} does not divide ${outputs} output channels`);
  if (typeof perGroup === 'number') expectDim(channels, perGroup * group, 'the number of input channels');
  if (typeof channels === 'number' && channels % offset_group !== 0)
    fail(`offset_group ${offset_group} does not divide ${channels} channels`);
  if (!isConcrete(kernel)) return undefined;
  return [x[0] as Dim, outputs, ...outputExtents(x.slice(2), { ...attributes, auto_pad: 'NOTSET' }, kernel)];
};

const checkParts = ({ attributes, inputs }: OpContext<DeformConvAttributes>, w: Shape, y: Shape): void => {
  const taps = attributes.offset_group * (w[2] as number) * (w[3] as number);
  const expected: readonly (readonly [number, readonly Dim[]])[] = [
    [2, [y[0] as Dim, 2 * taps, ...y.slice(2)]],
    [3, [y[1] as Dim]],
    [4, [y[0] as Dim, taps, ...y.slice(2)]],
  ];
  for (const [index, dims] of expected) {
    const { name, shape } = inputs[index] ?? {};
    if (!shape) continue;
    if (shape.length !== dims.length) fail(`'${name}' must have ${dims.length} dimensions, got shape ${shapeText(shape)}`);
    dims.forEach((dim, i) => expectDim(shape[i], dim, `dimension ${i} of '${name}'`));
  }
};
