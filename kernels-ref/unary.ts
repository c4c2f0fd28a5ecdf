import type { Attributes } from '../src/graph/graph.js';
import type { Reference } from './reference.js';

type Formula = (v: number, attributes: Attributes) => number;
const of = (attributes: Attributes, name: string): number => attributes[name] as number;
const clamp01 = (v: number): number => Math.max(0, Math.min(1, v));

/** Elementwise operators of one input (ONNX operator definitions). */
export const formulas: Readonly<Record<string, Formula>> = {
  Relu: (v) => Math.max(0, v),
  LeakyRelu: (v, a) => (v < 0 ? of(a, 'alpha') * v : v),
  Clip: (v, a) => Math.min(of(a, 'max'), Math.max(of(a, 'min'), v)),
  Sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  Tanh: (v) => Math.tanh(v),
  HardSigmoid: (v, a) => clamp01(of(a, 'alpha') * v + of(a, 'beta')),
  HardSwish: (v) => v * clamp01(v / 6 + 0.5),
  Exp: (v) => Math.exp(v),
  Sqrt: (v) => Math.sqrt(v),
};

export const unary =
  (op: string): Reference =>
  ([x], attributes) => {
    const formula = formulas[op] as Formula;
    return [x!.data.map((v) => formula(v, attributes))];
  };
