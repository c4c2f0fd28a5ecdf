import type { Attributes } from '../src/graph/graph.js';
import type { DType } from '../src/tensor/dtype.js';
import { stridesOf } from '../src/tensor/shape.js';

/** A tensor of the reference: every element a float64 number, row-major. */
export interface RefTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** What a reference function is told of its outputs: type and shape, as shape inference found them. */
export type RefOutput = Pick<RefTensor, 'dtype' | 'shape'>;

/**
 * One operator on the CPU: plain loops, float64 sums, shaped like the formula. Returns the elements of every output;
 * `runNode` rounds them to the output's type.
 */
export type Reference<A extends Attributes = Attributes> = (
  inputs: readonly (RefTensor | undefined)[],
  attributes: A,
  outputs: readonly RefOutput[],
) => Float64Array[];

/** Calls `visit` with every index of `shape`, in row-major order, and its position. */
export const forEachIndex = (shape: readonly number[], visit: (index: readonly number[], position: number) => void): void => {
  const index = new Array<number>(shape.length).fill(0);
  const size = shape.reduce((a, b) => a * b, 1);
  for (let position = 0; position < size; position++) {
    visit(index, position);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
};

/** Position of an index in a row-major array of that shape. */
export const positionOf = (index: readonly number[], shape: readonly number[]): number => {
  const strides = stridesOf(shape);
  return index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0);
};

/** The index of the element of `shape` that broadcasts to `index` of a larger shape. */
export const broadcastIndex = (index: readonly number[], shape: readonly number[]): number[] =>
  shape.map((extent, axis) => (extent === 1 ? 0 : (index[index.length - shape.length + axis] as number)));
