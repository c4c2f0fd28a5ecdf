import type { Attributes, EpilogueStep } from '../graph/graph.js';
import type { Shape } from '../tensor/shape.js';
import { epilogue, flag } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, elements, fail, input, type OpContext, type Operator } from './operator.js';

export interface ReduceAttributes extends Attributes {
  readonly keepdims: boolean;
  readonly noop_with_empty_axes: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

/** A reduction over the axes of optional input 1, or over all axes where it is absent or empty. */
const reduce = (name: string, { bool = false } = {}): Operator =>
  defineOperator<ReduceAttributes>({
    name,
    attributes: { keepdims: flag(true), noop_with_empty_axes: flag(false), epilogue: epilogue() },
    inputs: [1, 2],
    hostInputs: [1],
    infer: (context) => {
      const x = input(context as never, 0);
      if (x.dtype === 'bool' && !bool) fail(`${name} is not defined for bool`);
      return [{ dtype: x.dtype, shape: reducedShape(context, x.shape) }];
    },
    macs: (context) => elements(input(context as never, 0).shape),
  });

const reducedShape = ({ attributes, inputs }: OpContext<ReduceAttributes>, shape: Shape | undefined): Shape | undefined => {
  const given = inputs[1];
  if (given && given.dtype !== 'int64') fail(`axes must be int64, got ${given.dtype}`);
  if (given?.shape && given.shape.length !== 1) fail(`axes must be a vector, got shape [${given.shape.join(', ')}]`);
  const axes = given ? constantNumbers(given) : [];
  if (!shape || !axes) return undefined;
  if (axes.length === 0 && attributes.noop_with_empty_axes) return shape;
  const reduced = new Set(axes.map((axis) => axisOf(axis, shape.length)));
  if (reduced.size < axes.length) fail(`axes [${axes.join(', ')}] name an axis twice`);
  const isReduced = (axis: number): boolean => axes.length === 0 || reduced.has(axis);
  return attributes.keepdims ? shape.map((d, i) => (isReduced(i) ? 1 : d)) : shape.filter((_, i) => !isReduced(i));
};

export const reduceMean = reduce('ReduceMean');
export const reduceSum = reduce('ReduceSum');
export const reduceMax = reduce('ReduceMax', { bool: true });
export const reduceMin = reduce('ReduceMin', { bool: true });
export const reduceProd = reduce('ReduceProd');
export const reduceL1 = reduce('ReduceL1');
export const reduceL2 = reduce('ReduceL2');
export const reduceSumSquare = reduce('ReduceSumSquare');
