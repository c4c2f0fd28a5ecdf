import type { Attributes, Value } from '../graph/graph.js';
import { flag, float } from './attributes.js';
import { gemm } from './gemm.js';
import { concrete, defineOperator, elements, fail, input } from './operator.js';
import { bounds, byteInput, checkQuantization } from './quantization.js';

export interface QGemmAttributes extends Attributes {
  readonly alpha: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly bounds: readonly number[] | undefined;
}

/**
 * Y = saturate(round(alpha * a_scale * b_scale / y_scale * ((A' - a_zero_point) * (B' - b_zero_point) + C)) +
 * y_zero_point), where A' and B' are A and B or their transposes; without y_scale Y is float32 and not divided.
 */
export const qgemm = defineOperator<QGemmAttributes>({
  name: 'com.microsoft.QGemm',
  attributes: { alpha: float(1), transA: flag(false), transB: flag(false), bounds: bounds() },
  inputs: [6, 9],
  hostInputs: [1, 2, 4, 5, 7, 8],
  infer: ({ attributes, inputs }) => {
    const a = byteInput(inputs[0], 'A');
    const b = byteInput(inputs[3], 'B');
    const [c, yScale, yZero] = inputs.slice(6);
    if (c && c.dtype !== 'int32') fail(`C must be int32, got ${c.dtype}`);
    const integer = (value: Value): Value => ({ ...value, dtype: 'int32' });
    const operands = [integer(a), integer(b), ...(c ? [c] : [])];
    const [product] = gemm.infer({ attributes: { ...attributes, beta: 1 }, inputs: operands, outputCount: 1 });
    checkQuantization(inputs[1], inputs[2], a.dtype, 'A');
    checkQuantization(inputs[4], inputs[5], b.dtype, 'B', product?.shape?.[1]);
    if (!yScale) return yZero ? fail('a zero point of Y needs a scale') : [{ dtype: 'float32', shape: product?.shape }];
    const { dtype } = yZero ? byteInput(yZero, 'the zero point of Y') : a;
    checkQuantization(yScale, yZero, dtype, 'Y');
    return [{ dtype, shape: product?.shape }];
  },
  macs: (context, [y]) => {
    const shape = concrete(input(context as never, 0).shape);
    return elements(y?.shape) * (shape[context.attributes.transA ? 0 : 1] as number);
  },
});
