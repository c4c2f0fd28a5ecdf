import { fromNumbers, toNumbers } from '../tensor/convert.js';
import { permute } from '../tensor/layout.js';
import { sizeOf, stridesOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';

/** A tensor with its axes in another order: axis i of the result is axis permutation[i] of the tensor. */
export const permuted = (tensor: Tensor, permutation: readonly number[]): Tensor =>
  gathered(tensor, permute(tensor.dims, permutation), permute(stridesOf(tensor.dims), permutation));

/** The tensor of those extents whose element at an index is that of `tensor` at the sum of index times stride. */
export const gathered = (tensor: Tensor, target: readonly number[], strides: readonly number[]): Tensor => {
  const numbers = toNumbers(tensor.type, tensor.data);
  const moved = new Float64Array(sizeOf(target));
  const index = new Array<number>(target.length).fill(0);
  let from = 0;
  for (let at = 0; at < moved.length; at++) {
    moved[at] = numbers[from] as number;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      from += strides[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (target[axis] as number)) break;
      from -= (index[axis] as number) * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return new Tensor(tensor.type, fromNumbers(tensor.type, moved), target);
};
