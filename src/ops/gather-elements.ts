import type { Attributes } from '../graph/graph.js';
import { shapeText } from '../tensor/shape.js';
import { int } from './attributes.js';
import { expectIndexType, expectIndicesInRange } from './indices.js';
import { axisOf, defineOperator, fail, input } from './operator.js';

export interface GatherElementsAttributes extends Attributes {
  readonly axis: number;
}

/**
 * y[..., i, ...] = x[..., indices[..., i, ...], ...] along `axis`. Negative indices count from the end; indices computed
 * at run time are clamped into the range.
 */
export const gatherElements = defineOperator<GatherElementsAttributes>({
  name: 'GatherElements',
  attributes: { axis: int(0) },
  inputs: [2, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const indices = input(context as never, 1);
    expectIndexType(indices);
    if (!shape || !indices.shape) return [{ dtype, shape: indices.shape }];
    const axis = axisOf(context.attributes.axis, shape.length);
    const fits = indices.shape.every((d, k) => {
      const extent = shape[k];
      return k === axis || typeof d === 'string' || typeof extent === 'string' || d <= (extent as number);
    });
    if (indices.shape.length !== shape.length || !fits) {
      fail(`indices of shape ${shapeText(indices.shape)} do not fit into ${shapeText(shape)} along axis ${axis}`);
    }
    if (shape[axis] === 0 && !indices.shape.includes(0)) fail(`axis ${axis} has no elements to gather`);
    expectIndicesInRange(indices, [shape[axis]]);
    return [{ dtype, shape: indices.shape }];
  },
});
