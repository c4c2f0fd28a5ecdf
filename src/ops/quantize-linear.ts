import type { Attributes } from '../graph/graph.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { type Shape, shapeText } from '../tensor/shape.js';
import { type AttributeField, dtype, flag, int, internal } from './attributes.js';
import { axisOf, defineOperator, expectDim, fail, input } from './operator.js';
import { checkScale, checkZeroPoint, isScalar } from './quantization.js';

/** An element type, or undefined for 0 and where the model states none. */
export const optionalDtype = (): AttributeField<DType | undefined> => ({
  parse: (raw, name) => (raw === 0 ? undefined : dtype().parse(raw, name)),
  missing: () => undefined,
});

export interface QuantizeLinearAttributes extends Attributes {
  readonly axis: number;
  /** 0, or how many neighbours along the axis share a scale. */
  readonly block_size: number;
  readonly output_dtype: DType | undefined;
  /** The type to divide in: without effect, floats are float32 here. */
  readonly precision: DType | undefined;
  /** Concerns 8-bit floats only, which are not supported: without effect. */
  readonly saturate: boolean;
  /** X is [N, C, ...], Y [N, ..., C]. */
  readonly readsChannelsFirst: boolean;
}

const quantizedTypes: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4'];

/** y = saturate(round(x / scale) + zero_point), ties to even. One scale, one for each index of the axis, or of its blocks. */
export const quantizeLinear = defineOperator<QuantizeLinearAttributes>({
  name: 'QuantizeLinear',
  attributes: {
    axis: int(1),
    block_size: int(0, 0),
    output_dtype: optionalDtype(),
    precision: optionalDtype(),
    saturate: flag(true),
    readsChannelsFirst: internal(false),
  },
  inputs: [2, 3],
  infer: (context) => {
    const { output_dtype, precision } = context.attributes;
    const x = input(context as never, 0);
    const scale = checkScale(context.inputs[1], 'the scale');
    const zero = context.inputs[2];
    if (!isFloat(x.dtype) && x.dtype !== 'int32') fail(`the input must be a float or int32, got ${x.dtype}`);
    if (precision && !isFloat(precision)) fail(`precision must be a float, got ${precision}`);
    const type = output_dtype ?? zero?.dtype ?? 'uint8';
    if (!quantizedTypes.includes(type)) fail(`quantization to ${type} is not defined`);
    checkZeroPoint(zero, type, 'the zero point');
    if (x.shape && scale.shape) checkScaleShape(x.shape, scale.shape, zero?.shape, context.attributes);
    const [n, c, ...spatial] = x.shape ?? [];
    const last = context.attributes.readsChannelsFirst && n !== undefined && c !== undefined;
    return [{ dtype: type, shape: last ? [n, ...spatial, c] : x.shape }];
  },
});

/** Fails unless the scale fits x by tensor, by axis or by block, and the zero point is shaped like the scale. */
export const checkScaleShape = (
  x: Shape,
  scale: Shape,
  zero: Shape | undefined,
  { axis, block_size }: Pick<QuantizeLinearAttributes, 'axis' | 'block_size'>,
): void => {
  if (
    zero &&
    (zero.length !== scale.length || zero.some((d, i) => typeof d === 'number' && typeof scale[i] === 'number' && d !== scale[i]))
  ) {
    if (!isScalar(zero) || !isScalar(scale)) fail(`scale and zero point have shapes ${shapeText(scale)} and ${shapeText(zero)}`);
  }
  if (scale.length === 0 || (isScalar(scale) && scale.length === 1 && block_size === 0)) return;
  const along = axisOf(axis, x.length);
  if (block_size === 0) {
    if (scale.length !== 1) fail(`a scale of shape ${shapeText(scale)} needs a block_size`);
    expectDim(scale[0], x[along], `the number of scales along axis ${along}`);
    return;
  }
  if (scale.length !== x.length) fail(`a scale of shape ${shapeText(scale)} does not fit blocks of ${shapeText(x)}`);
  scale.forEach((d, i) => {
    const extent = x[i];
    const blocks = i === along && typeof extent === 'number' ? Math.ceil(extent / block_size) : extent;
    expectDim(d, i === along && typeof extent === 'string' ? undefined : blocks, `dimension ${i} of the scale`);
  });
};
