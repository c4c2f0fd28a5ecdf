import type { Attributes } from '../graph/graph.js';
import type { Tensor } from '../tensor/tensor.js';
import { tensor } from './attributes.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

export interface ConstantOfShapeAttributes extends Attributes {
  /** One element; a float32 0 where absent. */
  readonly value: Tensor | undefined;
}

/** A tensor of the given shape (input 0) with `value` everywhere. */
export const constantOfShape = defineOperator<ConstantOfShapeAttributes>({
  name: 'ConstantOfShape',
  attributes: { value: tensor() },
  inputs: [1, 1],
  hostInputs: [0],
  infer: (context) => {
    const { value } = context.attributes;
    const shape = constantNumbers(input(context as never, 0));
    if (value && value.size !== 1) fail(`attribute 'value' must have one element, got ${value.size}`);
    if (shape?.some((d) => d < 0)) fail(`shape [${shape.join(', ')}] has a negative extent`);
    return [{ dtype: value?.type ?? 'float32', shape }];
  },
});
