import { toNumbers } from '../src/tensor/convert.js';
import type { Tensor } from '../src/tensor/tensor.js';
import type { Reference } from './reference.js';

export const constantOfShape: Reference = (_inputs, attributes, [y]) => {
  const value = attributes.value as Tensor | undefined;
  const size = y!.shape.reduce((a, b) => a * b, 1);
  return [new Float64Array(size).fill(value ? (toNumbers(value.type, value.data)[0] as number) : 0)];
};
