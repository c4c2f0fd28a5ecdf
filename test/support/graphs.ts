import { random } from '../../bench/support/random.js';
import { Tensor } from '../../src/tensor/tensor.js';

export { NetBuilder } from '../../bench/support/net-builder.js';

/** Random feeds for the inputs of a graph whose shapes are numbers. */
export const randomFeeds = (shapes: ReadonlyMap<string, readonly number[]>, seed = 7): Map<string, Tensor> => {
  const next = random(seed);
  return new Map(
    [...shapes].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [
        name,
        new Tensor(
          'float32',
          Float32Array.from({ length: size }, () => 4 * next() - 2),
          shape,
        ),
      ];
    }),
  );
};
