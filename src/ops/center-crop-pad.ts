import type { Attributes } from '../graph/graph.js';
import { ints } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export interface CenterCropPadAttributes extends Attributes {
  /** The axes that extents are given for; absent: all of them. */
  readonly axes: readonly number[] | undefined;
}

/** x cropped around its middle, or padded with zeros around it, to the given extents (input 1). */
export const centerCropPad = defineOperator<CenterCropPadAttributes>({
  name: 'CenterCropPad',
  attributes: { axes: ints() },
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const extents = constantNumbers(input(context as never, 1));
    if (!shape || !extents) return [{ dtype, shape: undefined }];
    const axes = (context.attributes.axes ?? shape.map((_, i) => i)).map((axis) => axisOf(axis, shape.length));
    if (new Set(axes).size < axes.length) fail(`axes [${axes.join(', ')}] name one axis twice`);
    if (axes.length !== extents.length) fail(`${extents.length} extents are given for ${axes.length} axes`);
    if (extents.some((extent) => extent < 0)) fail(`extents [${extents.join(', ')}] must not be negative`);
    const out = [...shape];
    axes.forEach((axis, i) => (out[axis] = extents[i] as number));
    return [{ dtype, shape: out }];
  },
});
