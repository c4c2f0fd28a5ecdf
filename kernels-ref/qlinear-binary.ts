import { at, f32, quantized } from './quantize.js';
import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

/** What becomes of two numbers of steps, given the scales: a result in steps of c_scale. */
type Formula = (a: number, b: number, aScale: number, bScale: number, cScale: number) => number;

const qlinearBinary =
  (formula: Formula): Reference =>
  ([a, aScale, aZero, b, bScale, bZero, cScale, cZero], { bounds }, [output]) => {
    const y = new Float64Array(output!.shape.reduce((n, d) => n * d, 1));
    forEachIndex(output!.shape, (index, i) => {
      const left = (a!.data[positionOf(broadcastIndex(index, a!.shape), a!.shape)] as number) - at(aZero, 0);
      const right = (b!.data[positionOf(broadcastIndex(index, b!.shape), b!.shape)] as number) - at(bZero, 0);
      y[i] = quantized(formula(left, right, at(aScale, 0), at(bScale, 0), at(cScale, 0)), at(cZero, 0), output!.dtype, bounds);
    });
    return [y];
  };

export const qlinearAdd = qlinearBinary((a, b, aScale, bScale, cScale) =>
  f32(f32(a * f32(aScale / cScale)) + f32(b * f32(bScale / cScale))),
);
export const qlinearMul = qlinearBinary((a, b, aScale, bScale, cScale) => f32(a * b * f32(f32(aScale * bScale) / cScale)));
