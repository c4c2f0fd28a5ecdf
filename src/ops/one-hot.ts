import type { Attributes } from '../graph/graph.js';
import type { Shape } from '../tensor/shape.js';
import { int } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, expectDim, fail, input } from './operator.js';

export interface OneHotAttributes extends Attributes {
  /** Where the new axis stands in the output. */
  readonly axis: number;
}

/**
 * values[1] (input 2) where the place along the new axis of extent `depth` (input 1) is the index (input 0), values[0]
 * elsewhere. Negative indices count from the end; others that are out of range are nowhere.
 */
export const oneHot = defineOperator<OneHotAttributes>({
  name: 'OneHot',
  attributes: { axis: int(-1) },
  inputs: [3, 3],
  hostInputs: [1],
  infer: (context) => {
    const [indices, depthInput, values] = [0, 1, 2].map((k) => input(context as never, k));
    const { dtype } = values!;
    if (indices!.dtype === 'bool') fail('indices must be numbers, got bool');
    if (values!.shape && values!.shape.length !== 1) fail(`values must be a vector, got shape [${values!.shape.join(', ')}]`);
    expectDim(values!.shape?.[0], 2, 'the length of values');
    const depths = constantNumbers(depthInput);
    const shape = indices!.shape as Shape | undefined;
    if (depths && depths.length !== 1) fail(`depth must be one number, got ${depths.length}`);
    if (!depths || !shape) return [{ dtype, shape: undefined }];
    const depth = Math.trunc(depths[0] as number);
    if (!(depth >= 1 && depth < 2 ** 31)) fail(`depth must be positive, got ${depths[0]}`);
    return [{ dtype, shape: shape.toSpliced(axisOf(context.attributes.axis, shape.length + 1), 0, depth) }];
  },
});
