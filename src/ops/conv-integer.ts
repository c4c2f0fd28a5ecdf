import type { Attributes, Value } from '../graph/graph.js';
import { int, internal } from './attributes.js';
import { conv } from './conv.js';
import { concrete, defineOperator, elements, fail, type Inferred, input } from './operator.js';
import { bounds, byteInput, checkExtent, checkQuantization, checkZeroPoint } from './quantization.js';
import { type SpatialAttributes, spatialAttributes } from './spatial.js';

export interface ConvIntegerAttributes extends SpatialAttributes {
  readonly group: number;
  /** X and Y are [N, ..., C]; W stays [O, I/group, ...]. */
  readonly channelsLast: boolean;
}

const attributes = { ...spatialAttributes, group: int(1, 1), channelsLast: internal(false) };

const integerConv = (given: Attributes, values: readonly Value[]): Inferred =>
  conv.infer({
    attributes: { ...given, readsChannelsFirst: false, writesChannelsFirst: false },
    inputs: values.map((value) => ({ ...value, dtype: 'float32' as const })),
    outputCount: 1,
  })[0] as Inferred;

const kernelSize = (w: Value): number =>
  concrete(w.shape)
    .slice(1)
    .reduce((a, d) => a * d, 1);

/** Conv of x - x_zero_point and w - w_zero_point in int32; padding adds nothing. w_zero_point: one, or one an output channel. */
export const convInteger = defineOperator<ConvIntegerAttributes & Attributes>({
  name: 'ConvInteger',
  attributes,
  inputs: [2, 4],
  infer: ({ attributes: given, inputs }) => {
    const x = byteInput(inputs[0], 'the input');
    const w = byteInput(inputs[1], 'the weight');
    checkZeroPoint(inputs[2], x.dtype, 'the zero point of the input');
    checkZeroPoint(inputs[3], w.dtype, 'the zero point of the weight');
    checkExtent(inputs[2], undefined, 'the zero point of the input');
    checkExtent(inputs[3], w.shape?.[0], 'the zero point of the weight');
    return [{ dtype: 'int32', shape: integerConv(given, [x, w]).shape }];
  },
  macs: (context, [y]) => elements(y?.shape) * kernelSize(input(context as never, 1)),
});

/**
 * y = saturate(round(x_scale * w_scale / y_scale * (conv(x - x_zero_point, w - w_zero_point) + bias)) + y_zero_point),
 * where scale and zero point of w are one number, or one for each output channel.
 */
export const qlinearConv = defineOperator<ConvIntegerAttributes & Attributes>({
  name: 'QLinearConv',
  attributes: { ...attributes, bounds: bounds() },
  inputs: [8, 9],
  hostInputs: [1, 2, 4, 5, 6, 7],
  infer: ({ attributes: given, inputs }) => {
    const x = byteInput(inputs[0], 'the input');
    const w = byteInput(inputs[3], 'the weight');
    const zero = byteInput(inputs[7], 'the zero point of the output');
    const bias = inputs[8];
    if (bias && bias.dtype !== 'int32') fail(`the bias must be int32, got ${bias.dtype}`);
    checkQuantization(inputs[1], inputs[2], x.dtype, 'the input');
    checkQuantization(inputs[4], inputs[5], w.dtype, 'the weight', w.shape?.[0]);
    checkQuantization(inputs[6], zero, zero.dtype, 'the output');
    return [{ dtype: zero.dtype, shape: integerConv(given, bias ? [x, w, bias] : [x, w]).shape }];
  },
  macs: (context, [y]) => elements(y?.shape) * kernelSize(input(context as never, 3)),
});
