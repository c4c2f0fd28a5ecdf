import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type AttributeSchema, epilogue, float, word } from './attributes.js';
import { defineOperator, fail, input, type Operator } from './operator.js';

type UnaryAttributes = Attributes & { readonly epilogue: readonly EpilogueStep[] };

/** An elementwise operator of one input: output type and shape are the input's. It takes numbers, or bool alone. */
const unary = (name: string, attributes: AttributeSchema<Attributes> = {}, takes: 'numbers' | 'bool' = 'numbers'): Operator =>
  defineOperator<UnaryAttributes>({
    name,
    attributes: { ...attributes, epilogue: epilogue() } as AttributeSchema<UnaryAttributes>,
    inputs: [1, 1],
    elementwise: true,
    infer: (context) => {
      const x = input(context as never, 0);
      if ((x.dtype === 'bool') !== (takes === 'bool')) fail(`the input must be ${takes}, got ${x.dtype}`);
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  });

export const abs = unary('Abs');
export const acos = unary('Acos');
export const acosh = unary('Acosh');
export const asin = unary('Asin');
export const asinh = unary('Asinh');
export const atan = unary('Atan');
export const atanh = unary('Atanh');
export const ceil = unary('Ceil');
export const celu = unary('Celu', { alpha: float(1) });
/** The bounds are attributes here; importers turn constant inputs into them. */
export const clip = unary('Clip', { min: float(Number.NEGATIVE_INFINITY), max: float(Number.POSITIVE_INFINITY) });
export const cos = unary('Cos');
export const cosh = unary('Cosh');
export const elu = unary('Elu', { alpha: float(1) });
export const erf = unary('Erf');
export const exp = unary('Exp');
export const floor = unary('Floor');
export const gelu = unary('Gelu', { approximate: word(['none', 'tanh'], 'none') });
export const hardSigmoid = unary('HardSigmoid', { alpha: float(0.2), beta: float(0.5) });
export const hardSwish = unary('HardSwish');
export const leakyRelu = unary('LeakyRelu', { alpha: float(0.01) });
export const log = unary('Log');
export const mish = unary('Mish');
export const neg = unary('Neg');
export const not = unary('Not', {}, 'bool');
export const reciprocal = unary('Reciprocal');
export const relu = unary('Relu');
/** To the nearest integer, ties to the even one. */
export const round = unary('Round');
export const selu = unary('Selu', { alpha: float(1.6732631921768188), gamma: float(1.0507010221481323) });
export const sigmoid = unary('Sigmoid');
export const sign = unary('Sign');
export const sin = unary('Sin');
export const sinh = unary('Sinh');
export const softplus = unary('Softplus');
export const softsign = unary('Softsign');
export const sqrt = unary('Sqrt');
/** v * sigmoid(alpha * v), also known as SiLU. */
export const swish = unary('Swish', { alpha: float(1) });
export const tan = unary('Tan');
export const tanh = unary('Tanh');
export const thresholdedRelu = unary('ThresholdedRelu', { alpha: float(1) });
