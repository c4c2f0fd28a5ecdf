import type { Attributes } from '../src/graph/graph.js';
import { roundHalfEven } from '../src/tensor/float16.js';
import type { Reference } from './reference.js';

type Formula = (v: number, attributes: Attributes) => number;
const of = (attributes: Attributes, name: string): number => attributes[name] as number;
const clamp01 = (v: number): number => Math.max(0, Math.min(1, v));

/** erf(x) = 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)); 1 to the last bit beyond 6. */
const erf = (x: number): number => {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};

const geluTanh = (v: number): number => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
const softplus = (v: number): number => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

/** Elementwise operators of one input (ONNX operator definitions). */
export const formulas: Readonly<Record<string, Formula>> = {
  Abs: (v) => Math.abs(v),
  Acos: (v) => Math.acos(v),
  Acosh: (v) => Math.acosh(v),
  Asin: (v) => Math.asin(v),
  Asinh: (v) => Math.asinh(v),
  Atan: (v) => Math.atan(v),
  Atanh: (v) => Math.atanh(v),
  Ceil: (v) => Math.ceil(v),
  Celu: (v, a) => Math.max(0, v) + Math.min(0, of(a, 'alpha') * Math.expm1(v / of(a, 'alpha'))),
  Clip: (v, a) => Math.min(of(a, 'max'), Math.max(of(a, 'min'), v)),
  Cos: (v) => Math.cos(v),
  Cosh: (v) => Math.cosh(v),
  Elu: (v, a) => (v < 0 ? of(a, 'alpha') * Math.expm1(v) : v),
  Erf: erf,
  Exp: (v) => Math.exp(v),
  Floor: (v) => Math.floor(v),
  Gelu: (v, { approximate }) => (approximate === 'tanh' ? geluTanh(v) : 0.5 * v * (1 + erf(v / Math.SQRT2))),
  HardSigmoid: (v, a) => clamp01(of(a, 'alpha') * v + of(a, 'beta')),
  HardSwish: (v) => v * clamp01(v / 6 + 0.5),
  LeakyRelu: (v, a) => (v < 0 ? of(a, 'alpha') * v : v),
  Log: (v) => Math.log(v),
  Mish: (v) => v * Math.tanh(softplus(v)),
  Neg: (v) => -v,
  Not: (v) => (v ? 0 : 1),
  Reciprocal: (v) => 1 / v,
  Relu: (v) => Math.max(0, v),
  Round: roundHalfEven,
  Selu: (v, a) => of(a, 'gamma') * (v > 0 ? v : of(a, 'alpha') * Math.expm1(v)),
  Sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  Sign: (v) => Math.sign(v),
  Sin: (v) => Math.sin(v),
  Sinh: (v) => Math.sinh(v),
  Softplus: softplus,
  Softsign: (v) => v / (1 + Math.abs(v)),
  Sqrt: (v) => Math.sqrt(v),
  Swish: (v, a) => v / (1 + Math.exp(-of(a, 'alpha') * v)),
  Tan: (v) => Math.tan(v),
  Tanh: (v) => Math.tanh(v),
  ThresholdedRelu: (v, a) => (v > of(a, 'alpha') ? v : 0),
};

export const unary =
  (op: string): Reference =>
  ([x], attributes) => {
    const formula = formulas[op] as Formula;
    return [x!.data.map((v) => formula(v, attributes))];
  };
