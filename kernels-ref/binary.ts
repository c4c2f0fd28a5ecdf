import type { Attributes } from '../src/graph/graph.js';
import { type DType, integerRange, isInteger } from '../src/tensor/dtype.js';
import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

type Formula = (a: number, b: number, integer: boolean, attributes: Attributes) => number;

/** IEEE 754 pow, which JavaScript's differs from: 1 to any power is 1, and so is -1 to an infinite one. */
const pow = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b);

/** Elementwise operators of two inputs (ONNX operator definitions). Integer division truncates. */
export const formulas: Readonly<Record<string, Formula>> = {
  Add: (a, b) => a + b,
  And: (a, b) => Number(a && b),
  Div: (a, b, integer) => (integer ? Math.trunc(a / b) : a / b),
  Equal: (a, b) => Number(a === b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Mod: (a, b, _, { fmod }) => (fmod || a % b === 0 || a % b < 0 === b < 0 ? a % b : (a % b) + b),
  Mul: (a, b) => a * b,
  Or: (a, b) => Number(a || b),
  Pow: (a, b, integer) => (integer ? Math.trunc(pow(a, b)) : pow(a, b)),
  PRelu: (a, slope) => (a < 0 ? a * slope : a),
  Sub: (a, b) => a - b,
  Xor: (a, b) => Number(a !== b),
};

/** Integer results wrap around as two's complement does; 64-bit ones stand as they are. */
const wrap = (value: number, dtype: DType): number => {
  const [least, most] = integerRange(dtype) ?? [Number.NEGATIVE_INFINITY, 0];
  const span = most - least + 1;
  return span > 2 ** 32 || (value >= least && value <= most) ? value : value - span * Math.floor((value - least) / span);
};

export const binary =
  (op: string): Reference =>
  ([a, b], attributes, [output]) => {
    const formula = formulas[op] as Formula;
    const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
    forEachIndex(output!.shape, (index, at) => {
      const x = a!.data[positionOf(broadcastIndex(index, a!.shape), a!.shape)] as number;
      const z = b!.data[positionOf(broadcastIndex(index, b!.shape), b!.shape)] as number;
      y[at] = wrap(formula(x, z, isInteger(output!.dtype), attributes), output!.dtype);
    });
    return [y];
  };
