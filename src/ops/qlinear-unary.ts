import type { Attributes } from '../graph/graph.js';
import { type AttributeSchema, float } from './attributes.js';
import { defineOperator, type Operator } from './operator.js';
import { byteInput, checkQuantization } from './quantization.js';

/** X, x_scale, x_zero_point, y_scale, y_zero_point: zero points may be absent. */
const qlinearUnary = (name: string, attributes: AttributeSchema<Attributes>): Operator =>
  defineOperator({
    name,
    attributes,
    inputs: [4, 5],
    hostInputs: [1, 2, 3, 4],
    infer: ({ inputs }) => {
      const { dtype, shape } = byteInput(inputs[0], 'X');
      checkQuantization(inputs[1], inputs[2], dtype, 'X');
      checkQuantization(inputs[3], inputs[4], dtype, 'Y');
      return [{ dtype, shape }];
    },
  });

/** Y = quantize(leaky_relu(dequantize(X))) */
export const qlinearLeakyRelu = qlinearUnary('com.microsoft.QLinearLeakyRelu', { alpha: float(0.01) });
/** Y = quantize(sigmoid(dequantize(X))) */
export const qlinearSigmoid = qlinearUnary('com.microsoft.QLinearSigmoid', {});
