import type { Attributes } from '../graph/graph.js';
import { shapeText } from '../tensor/shape.js';
import { int } from './attributes.js';
import { expectIndexType, expectIndicesInRange } from './indices.js';
import { defineOperator, expectDim, fail, input, rankAtLeast } from './operator.js';

export interface GatherNdAttributes extends Attributes {
  readonly batch_dims: number;
}

/**
 * y[b, t, ...] = x[b, indices[b, t, 0], indices[b, t, 1], ..., ...]: the last axis of indices holds places in x after
 * its first `batch_dims` axes. Negative ones count from the end; those computed at run time are clamped into the range.
 */
export const gatherNd = defineOperator<GatherNdAttributes>({
  name: 'GatherND',
  attributes: { batch_dims: int(0, 0) },
  inputs: [2, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const indices = input(context as never, 1);
    const { batch_dims } = context.attributes;
    expectIndexType(indices);
    const depth = indices.shape?.at(-1);
    if (!shape || !indices.shape) return [{ dtype, shape: undefined }];
    rankAtLeast(indices.shape, batch_dims + 1, 'indices');
    if (typeof depth !== 'number') return [{ dtype, shape: undefined }];
    if (depth < 1 || batch_dims + depth > shape.length) {
      fail(`indices of shape ${shapeText(indices.shape)} hold places of ${depth} axes, for x of shape ${shapeText(shape)}`);
    }
    for (let k = 0; k < batch_dims; k++) expectDim(indices.shape[k], shape[k], `batch dimension ${k} of indices`);
    const places = shape.slice(batch_dims, batch_dims + depth);
    if (places.includes(0) && !indices.shape.includes(0)) fail(`x of shape ${shapeText(shape)} has no elements to gather`);
    expectIndicesInRange(indices, places);
    return [{ dtype, shape: [...indices.shape.slice(0, -1), ...shape.slice(batch_dims + depth)] }];
  },
});
