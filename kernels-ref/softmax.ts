import type { Reference } from './reference.js';

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** exp(x - max) / sum of exp(x - max) along the axis (to the last one with `toEnd`), or the logarithm of it. */
const softmaxOf =
  (logarithm: boolean): Reference =>
  ([x], attributes) => {
    const { shape, data } = x!;
    const axis = ((attributes.axis as number) + shape.length) % shape.length;
    const last = attributes.toEnd ? shape.length : axis + 1;
    const length = product(shape.slice(axis, last));
    const inner = product(shape.slice(last));
    const y = new Float64Array(data.length);
    for (let o = 0; o < product(shape.slice(0, axis)); o++) {
      for (let i = 0; i < inner; i++) {
        const at = (l: number): number => (o * length + l) * inner + i;
        let max = Number.NEGATIVE_INFINITY;
        for (let l = 0; l < length; l++) max = Math.max(max, data[at(l)] as number);
        let sum = 0;
        for (let l = 0; l < length; l++) sum += Math.exp((data[at(l)] as number) - max);
        for (let l = 0; l < length; l++) {
          const shifted = (data[at(l)] as number) - max;
          y[at(l)] = logarithm ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
        }
      }
    }
    return [y];
  };

export const softmax = softmaxOf(false);
export const logSoftmax = softmaxOf(true);
