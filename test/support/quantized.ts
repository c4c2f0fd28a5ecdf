import { expect } from 'vitest';
import type { Attributes } from '../../src/graph/graph.js';
import { withDefaults } from '../../src/ops/attributes.js';
import { operators } from '../../src/ops/index.js';
import { fromNumbers } from '../../src/tensor/convert.js';
import { type DType, integerRange } from '../../src/tensor/dtype.js';
import { Tensor } from '../../src/tensor/tensor.js';
import type { InputSpec } from './check-op.js';

/** Random integers over the whole range of the type. */
export const integers = (dtype: DType, shape: readonly number[], constant = false): InputSpec => ({
  shape,
  dtype,
  range: integerRange(dtype) as readonly [number, number],
  constant,
});

/** A constant of numbers: one is a scalar, several are a vector. */
export const fixed = (dtype: DType, ...data: readonly number[]): InputSpec => ({
  shape: data.length === 1 ? [] : [data.length],
  dtype,
  data,
  constant: true,
});

/** `count` different scales, or zero points from the type's range. */
export const scales = (count: number, smallest = 0.004): InputSpec =>
  fixed('float32', ...Array.from({ length: count }, (_, i) => smallest * (1 + (i % 7) / 3)));
export const zeroPoints = (dtype: DType, count: number): InputSpec => {
  const [low, high] = integerRange(dtype) as readonly [number, number];
  return fixed(dtype, ...Array.from({ length: count }, (_, i) => Math.round(low + (high - low) * (0.3 + 0.05 * (i % 9)))));
};

/** Expects shape inference to refuse the inputs with that message. */
export const expectRefused = (
  op: string,
  inputs: readonly (InputSpec | undefined)[],
  message: string,
  attributes: Attributes = {},
): void => {
  const operator = operators.get(op)!;
  const values = inputs.map((spec, i) => {
    if (!spec) return undefined;
    const { shape, dtype = 'float32', data, constant } = spec;
    const tensor = constant && data ? new Tensor(dtype, fromNumbers(dtype, data), shape) : undefined;
    return { name: `in${i}`, dtype, shape, ...(tensor && { tensor }) };
  });
  const run = () => operator.infer({ attributes: withDefaults(operator.attributes, attributes), inputs: values, outputCount: 1 });
  expect(run).toThrow(message);
};
