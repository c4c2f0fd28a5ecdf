import type { Attributes } from '../graph/graph.js';
import { isInteger } from '../tensor/dtype.js';
import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { type AttributeSchema, word } from './attributes.js';
import { defineOperator, fail, input, type Operator } from './operator.js';

export interface BitShiftAttributes extends Attributes {
  readonly direction: 'LEFT' | 'RIGHT';
}

/** An operator on the bits of two integers, with multidirectional broadcasting. */
const bitwise = (name: string, attributes: AttributeSchema<Attributes> = {}): Operator =>
  defineOperator<Attributes>({
    name,
    attributes,
    inputs: [2, 2],
    broadcasts: true,
    infer: (context) => {
      const a = input(context as never, 0);
      const b = input(context as never, 1);
      if (!isInteger(a.dtype)) fail(`${name} is not defined for ${a.dtype}`);
      if (a.dtype !== b.dtype) fail(`inputs must have one type, got ${a.dtype} and ${b.dtype}`);
      if (!a.shape || !b.shape) return [{ dtype: a.dtype, shape: undefined }];
      const shape = broadcastShapes(a.shape, b.shape);
      if (!shape) return fail(`shapes ${shapeText(a.shape)} and ${shapeText(b.shape)} do not broadcast`);
      return [{ dtype: a.dtype, shape }];
    },
  });

export const bitwiseAnd = bitwise('BitwiseAnd');
export const bitwiseOr = bitwise('BitwiseOr');
export const bitwiseXor = bitwise('BitwiseXor');

/**
 * a << b or a >> b, which keeps the sign. An amount that is negative or at least the number of bits shifts all of them
 * out. 64-bit integers have 32 on the GPU.
 */
export const bitShift = bitwise('BitShift', {
  direction: {
    ...word(['LEFT', 'RIGHT'], 'LEFT'),
    missing: (name) => fail(`attribute '${name}' is missing`),
  },
});

export const bitwiseNot = defineOperator({
  name: 'BitwiseNot',
  attributes: {},
  inputs: [1, 1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!isInteger(dtype)) fail(`BitwiseNot is not defined for ${dtype}`);
    return [{ dtype, shape }];
  },
});
