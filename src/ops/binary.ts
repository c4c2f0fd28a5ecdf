import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { broadcastShapes, shapeText } from '../tensor/shape.js';
import { epilogue } from './attributes.js';
import { defineOperator, fail, input, type Operator } from './operator.js';

export interface BinaryAttributes extends Attributes {
  readonly epilogue: readonly EpilogueStep[];
}

/** An elementwise operator of two inputs with multidirectional broadcasting (ONNX "Broadcasting"). */
const binary = (name: string, broadcast: 'both' | 'second'): Operator =>
  defineOperator<BinaryAttributes>({
    name,
    attributes: { epilogue: epilogue() },
    inputs: [2, 2],
    infer: (context) => {
      const a = input(context as never, 0);
      const b = input(context as never, 1);
      if (a.dtype !== b.dtype) fail(`inputs must have one type, got ${a.dtype} and ${b.dtype}`);
      if (!a.shape || !b.shape) return [{ dtype: a.dtype, shape: undefined }];
      const shape = broadcastShapes(a.shape, b.shape);
      if (!shape || (broadcast === 'second' && shape.length !== a.shape.length)) {
        return fail(`shapes ${shapeText(a.shape)} and ${shapeText(b.shape)} do not broadcast`);
      }
      return [{ dtype: a.dtype, shape }];
    },
  });

export const add = binary('Add', 'both');
export const sub = binary('Sub', 'both');
export const mul = binary('Mul', 'both');
export const div = binary('Div', 'both');
/** max(x, 0) + slope * min(x, 0); the slope broadcasts to x (unidirectional). */
export const prelu = binary('PRelu', 'second');
