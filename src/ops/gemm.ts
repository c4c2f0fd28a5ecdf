import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { epilogue, flag, float } from './attributes.js';
import { concrete, defineOperator, elements, expectDim, fail, input } from './operator.js';

export interface GemmAttributes extends Attributes {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

/** Y = alpha * A' * B' + beta * C, where A' and B' are A and B or their transposes, and C broadcasts to Y. */
export const gemm = defineOperator<GemmAttributes>({
  name: 'Gemm',
  attributes: { alpha: float(1), beta: float(1), transA: flag(false), transB: flag(false), epilogue: epilogue() },
  inputs: [2, 3],
  epilogueOperands: true,
  infer: (context) => {
    const a = input(context as never, 0);
    const b = input(context as never, 1);
    const c = context.inputs[2];
    if (a.dtype !== b.dtype || (c && c.dtype !== a.dtype)) {
      fail(`inputs must have one type, got ${[a, b, c].flatMap((v) => v?.dtype ?? []).join(', ')}`);
    }
    if (a.dtype === 'bool') fail('Gemm is not defined for bool');
    if (!a.shape || !b.shape) return [{ dtype: a.dtype, shape: undefined }];
    const { transA, transB } = context.attributes;
    const [m, k] = matrix(a.shape, transA, 'A');
    const [rows, n] = matrix(b.shape, transB, 'B');
    expectDim(rows, k, `the number of rows of B of shape ${shapeText(b.shape)}`);
    if (c?.shape) checkBias(c.shape, m, n);
    return [{ dtype: a.dtype, shape: [m, n] }];
  },
  macs: (context, [y]) => {
    const shape = concrete(input(context as never, 0).shape);
    return elements(y?.shape) * (shape[context.attributes.transA ? 0 : 1] as number);
  },
});

const matrix = (shape: Shape, transposed: boolean, name: string): [Dim, Dim] => {
  if (shape.length !== 2) fail(`${name} must be a matrix, got shape ${shapeText(shape)}`);
  const [rows, columns] = shape as readonly [Dim, Dim];
  return transposed ? [columns, rows] : [rows, columns];
};

const checkBias = (shape: Shape, m: Dim, n: Dim): void => {
  const [rows = 1, columns = 1] = shape.length === 1 ? [1, shape[0]] : shape;
  const fits = (extent: Dim, target: Dim): boolean => extent === 1 || extent === target || typeof extent !== typeof target;
  if (shape.length > 2 || !fits(rows, m) || !fits(columns, n)) {
    fail(`C of shape ${shapeText(shape)} does not broadcast to [${m}, ${n}]`);
  }
};
