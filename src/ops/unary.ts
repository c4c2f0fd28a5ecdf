import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type AttributeSchema, epilogue, float } from './attributes.js';
import { defineOperator, input, type Operator } from './operator.js';

type UnaryAttributes = Attributes & { readonly epilogue: readonly EpilogueStep[] };

/** An elementwise operator of one input: output type and shape are the input's. */
const unary = (
  name: string,
  attributes: AttributeSchema<Attributes> = {},
  inputs: readonly [number, number] = [1, 1],
): Operator =>
  defineOperator<UnaryAttributes>({
    name,
    attributes: { ...attributes, epilogue: epilogue() } as AttributeSchema<UnaryAttributes>,
    inputs,
    elementwise: true,
    infer: (context) => {
      const x = input(context as never, 0);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });

export const relu = unary('Relu');
export const leakyRelu = unary('LeakyRelu', { alpha: float(0.01) });
/** The bounds are attributes here; importers turn constant inputs into them. */
export const clip = unary('Clip', { min: float(Number.NEGATIVE_INFINITY), max: float(Number.POSITIVE_INFINITY) });
export const sigmoid = unary('Sigmoid');
export const tanh = unary('Tanh');
export const hardSigmoid = unary('HardSigmoid', { alpha: float(0.2), beta: float(0.5) });
export const hardSwish = unary('HardSwish');
export const exp = unary('Exp');
export const sqrt = unary('Sqrt');
