import { add, div, mul, prelu, sub } from './binary.js';
import type { Operator } from './operator.js';
import { clip, exp, hardSigmoid, hardSwish, leakyRelu, relu, sigmoid, sqrt, tanh } from './unary.js';

const all: readonly Operator[] = [
  add,
  clip,
  div,
  exp,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mul,
  prelu,
  relu,
  sigmoid,
  sqrt,
  sub,
  tanh,
];

/** Every operator, by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(all.map((o) => [o.name, o]));
