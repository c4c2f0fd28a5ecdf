import { bytesPerElement, type DType, integerRange } from '../src/tensor/dtype.js';
import { broadcastIndex, forEachIndex, positionOf, type Reference } from './reference.js';

type Formula = (a: bigint, b: bigint) => bigint;

/** The integer as the type reads its low bits. */
const asType = (v: bigint, dtype: DType): number => {
  const bits = 8 * bytesPerElement(dtype);
  return Number(integerRange(dtype)?.[0] === 0 ? BigInt.asUintN(bits, v) : BigInt.asIntN(bits, v));
};

const broadcasting =
  (formula: Formula): Reference =>
  ([a, b], _attributes, [output]) => {
    const { shape, dtype } = output!;
    const y = new Float64Array(shape.reduce((n, d) => n * d, 1));
    forEachIndex(shape, (index, at) => {
      const x = BigInt(a!.data[positionOf(broadcastIndex(index, a!.shape), a!.shape)] as number);
      const z = BigInt(b!.data[positionOf(broadcastIndex(index, b!.shape), b!.shape)] as number);
      y[at] = asType(formula(x, z), dtype);
    });
    return [y];
  };

export const bitwiseAnd = broadcasting((a, b) => a & b);
export const bitwiseOr = broadcasting((a, b) => a | b);
export const bitwiseXor = broadcasting((a, b) => a ^ b);

/** Bits enough to shift all of them out. */
const ALL = 64n;

export const bitShift: Reference = (inputs, attributes, outputs) => {
  const amount = (b: bigint): bigint => (b < 0n ? ALL : b);
  const left: Formula = (a, b) => a << amount(b);
  const right: Formula = (a, b) => a >> amount(b);
  return broadcasting(attributes.direction === 'LEFT' ? left : right)(inputs, attributes, outputs);
};

export const bitwiseNot: Reference = ([x]) => [x!.data.map((v) => asType(~BigInt(v), x!.dtype))];
