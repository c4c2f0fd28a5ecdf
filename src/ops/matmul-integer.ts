import type { Value } from '../graph/graph.js';
import { internal } from './attributes.js';
import { matmul } from './matmul.js';
import { concrete, defineOperator, elements, fail, type Inferred, input, type OpContext, type Operator } from './operator.js';
import { bounds, byteInput, checkExtent, checkQuantization, checkZeroPoint } from './quantization.js';

const integerProduct = (a: Value, b: Value): Inferred =>
  matmul.infer({
    attributes: {},
    inputs: [a, b].map((value) => ({ ...value, dtype: 'int32' as const })),
    outputCount: 1,
  })[0] as Inferred;

/** Rows of A and columns of B, for which there may be scales and zero points of their own. */
const rowsOf = ({ shape }: Value) => (shape && shape.length > 1 ? shape.at(-2) : 1);
const columnsOf = ({ shape }: Value) => (shape && shape.length > 1 ? shape.at(-1) : 1);

const macs =
  (b: number): NonNullable<Operator['macs']> =>
  (context: OpContext, [y]) => {
    const shape = concrete(input(context as never, b).shape);
    return elements(y?.shape) * (shape.at(shape.length > 1 ? -2 : -1) as number);
  };

/** Y = (A - a_zero_point) * (B - b_zero_point) in int32: zero points are one number, or one a row of A, a column of B. */
export const matmulInteger = defineOperator({
  name: 'MatMulInteger',
  attributes: {},
  inputs: [2, 4],
  infer: (context) => {
    const a = byteInput(context.inputs[0], 'A');
    const b = byteInput(context.inputs[1], 'B');
    checkZeroPoint(context.inputs[2], a.dtype, 'the zero point of A');
    checkZeroPoint(context.inputs[3], b.dtype, 'the zero point of B');
    checkExtent(context.inputs[2], rowsOf(a), 'the zero point of A');
    checkExtent(context.inputs[3], columnsOf(b), 'the zero point of B');
    return [integerProduct(a, b)];
  },
  macs: macs(1),
});

/**
 * y = saturate(round(a_scale * b_scale / y_scale * ((A - a_zero_point) * (B - b_zero_point) + bias)) + y_zero_point), where
 * passes alone give a bias: one int32 a column of B.
 */
export const qlinearMatmul = defineOperator({
  name: 'QLinearMatMul',
  attributes: { bounds: bounds(), hasBias: internal(false) },
  inputs: [8, 9],
  hostInputs: [1, 2, 4, 5, 6, 7],
  infer: ({ attributes, inputs }) => {
    const a = byteInput(inputs[0], 'A');
    const b = byteInput(inputs[3], 'B');
    if ((inputs[8]?.dtype === 'int32') !== attributes.hasBias) fail('there must be 8 inputs');
    checkExtent(inputs[8], columnsOf(b), 'the bias');
    const zero = byteInput(inputs[7], 'the zero point of Y');
    checkQuantization(inputs[1], inputs[2], a.dtype, 'A', rowsOf(a));
    checkQuantization(inputs[4], inputs[5], b.dtype, 'B', columnsOf(b));
    checkQuantization(inputs[6], zero, zero.dtype, 'Y');
    return [{ dtype: zero.dtype, shape: integerProduct(a, b).shape }];
  },
  macs: macs(3),
});
