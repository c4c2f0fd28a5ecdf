import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { broadcastShapes, type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { epilogue } from './attributes.js';
import { concrete, defineOperator, elements, expectDim, fail, input } from './operator.js';

export interface MatMulAttributes extends Attributes {
  readonly epilogue: readonly EpilogueStep[];
}

/**
 * Y[..., m, n] = sum over k of A[..., m, k] * B[..., k, n], as numpy.matmul: leading extents broadcast; a 1-D A is one
 * row, a 1-D B one column, and Y lacks that extent.
 */
export const matmul = defineOperator<MatMulAttributes>({
  name: 'MatMul',
  attributes: { epilogue: epilogue() },
  inputs: [2, 2],
  epilogueOperands: true,
  infer: (context) => {
    const a = input(context as never, 0);
    const b = input(context as never, 1);
    if (a.dtype !== b.dtype) fail(`inputs must have one type, got ${a.dtype} and ${b.dtype}`);
    if (a.dtype === 'bool') fail('matrix multiplication is not defined for bool');
    return [{ dtype: a.dtype, shape: a.shape && b.shape && productShape(a.shape, b.shape) }];
  },
  macs: (context, [y]) => elements(y?.shape) * (concrete(input(context as never, 0).shape).at(-1) as number),
});

const productShape = (a: Shape, b: Shape): Shape => {
  if (a.length === 0 || b.length === 0) fail('matrix multiplication is not defined for scalars');
  const inner = b.length === 1 ? b[0] : b.at(-2);
  expectDim(inner, a.at(-1), `the number of rows of B of shape ${shapeText(b)}`);
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (!batch) return fail(`the leading extents of ${shapeText(a)} and ${shapeText(b)} do not broadcast`);
  const rows = a.length === 1 ? [] : [a.at(-2) as Dim];
  const columns = b.length === 1 ? [] : [b.at(-1) as Dim];
  return [...batch, ...rows, ...columns];
};
