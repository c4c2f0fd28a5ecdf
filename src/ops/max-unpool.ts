import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { transposedExtents } from '../tensor/transposed-window.js';
import { ints } from './attributes.js';
import { expectIndexType } from './indices.js';
import { constantNumbers, defineOperator, fail, input, rankAtLeast } from './operator.js';

export interface MaxUnpoolAttributes extends Attributes {
  readonly kernel_shape: readonly number[];
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

const outputShape = (x: Shape, attributes: MaxUnpoolAttributes, given: readonly number[] | undefined): Shape => {
  rankAtLeast(x, 3, 'the input');
  const all = {
    ...attributes,
    auto_pad: 'NOTSET',
    dilations: undefined,
    output_padding: undefined,
    output_shape: undefined,
  } as const;
  const pooled: Shape = [...(x.slice(0, 2) as Dim[]), ...transposedExtents(x.slice(2), all, attributes.kernel_shape)];
  if (!given) return pooled;
  const fits = given.length === x.length && pooled.every((d, i) => typeof d === 'string' || d <= (given[i] as number));
  return fits ? given : fail(`an output of shape ${shapeText(given)} does not hold what was pooled, ${shapeText(pooled)}`);
};

/**
 * Undoes a MaxPool: zeros but for X at Indices, which count the elements of the tensor that was pooled. An output of a
 * given shape (input 2) is that tensor with zeros after it. Equal indices must come with equal elements.
 */
export const maxUnpool = defineOperator<MaxUnpoolAttributes>({
  name: 'MaxUnpool',
  attributes: {
    kernel_shape: {
      parse: (raw, name) => ints(1).parse(raw, name) as readonly number[],
      missing: () => fail(`attribute 'kernel_shape' is missing`),
    },
    pads: ints(0),
    strides: ints(1),
  },
  inputs: [2, 3],
  hostInputs: [2],
  infer: (context) => {
    const x = input(context as never, 0);
    const indices = input(context as never, 1);
    const given = context.inputs[2];
    if (!isFloat(x.dtype)) fail(`MaxUnpool is not defined for ${x.dtype}`);
    expectIndexType(indices);
    if (x.shape && indices.shape && x.shape.length !== indices.shape.length) {
      fail(`indices of shape ${shapeText(indices.shape)} for an input of shape ${shapeText(x.shape)}`);
    }
    const numbers = constantNumbers(given);
    if (!x.shape || (given && !numbers)) return [{ dtype: x.dtype, shape: undefined }];
    x.shape.forEach((d, i) => {
      const e = indices.shape?.[i];
      if (typeof d === 'number' && typeof e === 'number' && d !== e) {
        fail(`indices of shape ${shapeText(indices.shape)} for an input of shape ${shapeText(x.shape)}`);
      }
    });
    return [{ dtype: x.dtype, shape: outputShape(x.shape, context.attributes, numbers) }];
  },
});
