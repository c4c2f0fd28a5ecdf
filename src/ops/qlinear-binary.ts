import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { defineOperator, fail, type Operator } from './operator.js';
import { bounds, byteInput, checkQuantization } from './quantization.js';

/** A, a_scale, a_zero_point, B, b_scale, b_zero_point, c_scale, c_zero_point: zero points may be absent. */
const qlinearBinary = (name: string): Operator =>
  defineOperator({
    name,
    attributes: { bounds: bounds() },
    inputs: [7, 8],
    hostInputs: [1, 2, 4, 5, 6, 7],
    infer: ({ inputs }) => {
      const a = byteInput(inputs[0], 'A');
      const b = byteInput(inputs[3], 'B');
      if (a.dtype !== b.dtype) fail(`inputs must have one type, got ${a.dtype} and ${b.dtype}`);
      checkQuantization(inputs[1], inputs[2], a.dtype, 'A');
      checkQuantization(inputs[4], inputs[5], b.dtype, 'B');
      checkQuantization(inputs[6], inputs[7], a.dtype, 'C');
      if (!a.shape || !b.shape) return [{ dtype: a.dtype, shape: undefined }];
      const shape = broadcastShapes(a.shape, b.shape);
      if (!shape) return fail(`shapes ${shapeText(a.shape)} and ${shapeText(b.shape)} do not broadcast`);
      return [{ dtype: a.dtype, shape }];
    },
  });

/** C = saturate(round((a_scale * (A - a_zero_point) + b_scale * (B - b_zero_point)) / c_scale) + c_zero_point) */
export const qlinearAdd = qlinearBinary('com.microsoft.QLinearAdd');
/** C = saturate(round(a_scale * b_scale / c_scale * (A - a_zero_point) * (B - b_zero_point)) + c_zero_point) */
export const qlinearMul = qlinearBinary('com.microsoft.QLinearMul');
