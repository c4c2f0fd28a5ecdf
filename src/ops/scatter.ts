import type { Attributes } from '../graph/graph.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { int, word } from './attributes.js';
import { expectIndexType, expectIndicesInRange } from './indices.js';
import { axisOf, defineOperator, expectDim, fail, input, type OpContext } from './operator.js';

/** What becomes of the element that an update meets: it is replaced, or combined with the update. */
export type ScatterReduction = 'none' | 'add' | 'mul' | 'max' | 'min';

export interface ScatterNdAttributes extends Attributes {
  readonly reduction: ScatterReduction;
}

export interface ScatterElementsAttributes extends ScatterNdAttributes {
  readonly axis: number;
}

const reduction = word<ScatterReduction>(['none', 'add', 'mul', 'max', 'min'], 'none');

/** Data, indices and updates, with the types that they must have. */
const inputsOf = (context: OpContext<ScatterNdAttributes>) => {
  const [data, indices, updates] = [0, 1, 2].map((k) => input(context as never, k));
  expectIndexType(indices!);
  if (updates!.dtype !== data!.dtype) fail(`updates must be ${data!.dtype}, got ${updates!.dtype}`);
  if (data!.dtype === 'bool' && context.attributes.reduction !== 'none')
    fail(`bool has no reduction ${context.attributes.reduction}`);
  return { data: data!, indices: indices!, updates: updates! };
};

const expectShape = (actual: Shape, expected: readonly (Dim | undefined)[], what: string): void => {
  if (actual.length !== expected.length) fail(`${what} must have ${expected.length} dimensions, got shape ${shapeText(actual)}`);
  expected.forEach((d, k) => expectDim(actual[k], d, `dimension ${k} of ${what}`));
};

/**
 * data with data[..., indices[..., i, ...], ...] = updates[..., i, ...] along `axis`. Negative indices count from the
 * end; updates whose index, computed at run time, is out of range are left out. Which one of several updates of an
 * element stays is not said unless a reduction combines them; sums are taken in the order of the updates.
 */
export const scatterElements = defineOperator<ScatterElementsAttributes>({
  name: 'ScatterElements',
  attributes: { axis: int(0), reduction },
  inputs: [3, 3],
  infer: (context) => {
    const { data, indices, updates } = inputsOf(context);
    const { dtype, shape } = data;
    if (!shape || !indices.shape || !updates.shape) return [{ dtype, shape }];
    const axis = axisOf(context.attributes.axis, shape.length);
    expectShape(indices.shape, updates.shape, 'indices');
    expectShape(
      indices.shape,
      shape.map(() => undefined),
      'indices',
    );
    const fits = indices.shape.every((d, k) => {
      const extent = shape[k];
      return k === axis || typeof d === 'string' || typeof extent === 'string' || d <= (extent as number);
    });
    if (!fits) fail(`indices of shape ${shapeText(indices.shape)} do not fit into ${shapeText(shape)} along axis ${axis}`);
    expectIndicesInRange(indices, [shape[axis]]);
    return [{ dtype, shape }];
  },
});

/** data with data[indices[t, 0], indices[t, 1], ..., ...] = updates[t, ...]; else as ScatterElements. */
export const scatterNd = defineOperator<ScatterNdAttributes>({
  name: 'ScatterND',
  attributes: { reduction },
  inputs: [3, 3],
  infer: (context) => {
    const { data, indices, updates } = inputsOf(context);
    const { dtype, shape } = data;
    if (!shape || !indices.shape || !updates.shape) return [{ dtype, shape }];
    const depth = indices.shape.at(-1);
    if (depth === undefined) fail('indices must have at least 1 dimension');
    if (typeof depth !== 'number') return [{ dtype, shape }];
    if (depth < 1 || depth > shape.length) {
      fail(`indices of shape ${shapeText(indices.shape)} hold places of ${depth} axes, for data of shape ${shapeText(shape)}`);
    }
    expectShape(updates.shape, [...indices.shape.slice(0, -1), ...shape.slice(depth)], 'updates');
    expectIndicesInRange(indices, shape.slice(0, depth));
    return [{ dtype, shape }];
  },
});
