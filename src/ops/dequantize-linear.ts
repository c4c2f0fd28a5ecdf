import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { epilogue, int, internal } from './attributes.js';
import { defineOperator, fail, input } from './operator.js';
import { checkScale, checkZeroPoint } from './quantization.js';
import { checkScaleShape, optionalDtype } from './quantize-linear.js';

export interface DequantizeLinearAttributes extends Attributes {
  readonly axis: number;
  /** 0, or how many neighbours along the axis share a scale. */
  readonly block_size: number;
  readonly output_dtype: DType | undefined;
  /** X is [N, ..., C], Y [N, C, ...]. */
  readonly writesChannelsFirst: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

const quantizedTypes: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'int4', 'uint4', 'int32'];

/** y = (x - zero_point) * scale. One scale, one for each index of the axis, or of its blocks. */
export const dequantizeLinear = defineOperator<DequantizeLinearAttributes>({
  name: 'DequantizeLinear',
  attributes: {
    axis: int(1),
    block_size: int(0, 0),
    output_dtype: optionalDtype(),
    writesChannelsFirst: internal(false),
    epilogue: epilogue(),
  },
  inputs: [2, 3],
  infer: (context) => {
    const x = input(context as never, 0);
    const scale = checkScale(context.inputs[1], 'the scale');
    const zero = context.inputs[2];
    const dtype = context.attributes.output_dtype ?? scale.dtype;
    if (!quantizedTypes.includes(x.dtype)) fail(`the input must be a quantized type or int32, got ${x.dtype}`);
    if (!isFloat(dtype)) fail(`output_dtype must be a float, got ${dtype}`);
    checkZeroPoint(zero, x.dtype, 'the zero point');
    if (x.shape && scale.shape) checkScaleShape(x.shape, scale.shape, zero?.shape, context.attributes);
    const [n, ...rest] = x.shape ?? [];
    const c = rest.pop();
    const first = context.attributes.writesChannelsFirst && n !== undefined && c !== undefined;
    return [{ dtype, shape: first ? [n, c, ...rest] : x.shape }];
  },
});
