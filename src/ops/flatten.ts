import type { Attributes } from '../graph/graph.js';
import { type Dim, mulDims } from '../tensor/shape.js';
import { int } from './attributes.js';
import { axisOf, defineOperator, input } from './operator.js';

export interface FlattenAttributes extends Attributes {
  readonly axis: number;
}

const product = (dims: readonly Dim[]): Dim => dims.reduce<Dim>(mulDims, 1);

/** x as a matrix: the extents before `axis` are its rows, the others its columns. */
export const flatten = defineOperator<FlattenAttributes>({
  name: 'Flatten',
  attributes: { axis: int(1) },
  inputs: [1, 1],
  alias: true,
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!shape) return [{ dtype, shape: undefined }];
    const { axis } = context.attributes;
    const at = axis === shape.length ? axis : axisOf(axis, shape.length);
    return [{ dtype, shape: [product(shape.slice(0, at)), product(shape.slice(at))] }];
  },
});
