import { isInteger } from '../src/tensor/dtype.js';
import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

type Formula = (a: number, b: number, integer: boolean) => number;

/** Elementwise operators of two inputs (ONNX operator definitions). Integer division truncates. */
export const formulas: Readonly<Record<string, Formula>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b, integer) => (integer ? Math.trunc(a / b) : a / b),
  PRelu: (a, slope) => (a < 0 ? a * slope : a),
};

export const binary =
  (op: string): Reference =>
  ([a, b], _attributes, [output]) => {
    const formula = formulas[op] as Formula;
    const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
    forEachIndex(output!.shape, (index, at) => {
      const x = a!.data[positionOf(broadcastIndex(index, a!.shape), a!.shape)] as number;
      const z = b!.data[positionOf(broadcastIndex(index, b!.shape), b!.shape)] as number;
      y[at] = formula(x, z, isInteger(output!.dtype));
    });
    return [y];
  };
