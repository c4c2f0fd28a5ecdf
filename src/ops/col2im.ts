import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, shapeText } from '../tensor/shape.js';
import { outputExtents } from '../tensor/window.js';
import { ints } from './attributes.js';
import { constantNumbers, defineOperator, expectDim, fail, input } from './operator.js';

export interface Col2ImAttributes extends Attributes {
  readonly dilations: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
}

/**
 * Sums columns [N, C * block, L] into images [N, C, ...image_shape]: column l holds the block of elements that a sliding
 * window of block_shape covers at its l-th place.
 */
export const col2im = defineOperator<Col2ImAttributes>({
  name: 'Col2Im',
  attributes: { dilations: ints(1), pads: ints(0), strides: ints(1) },
  inputs: [3, 3],
  hostInputs: [1, 2],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const image = constantNumbers(input(context as never, 1));
    const block = constantNumbers(input(context as never, 2));
    if (!isFloat(dtype)) fail(`Col2Im is not defined for ${dtype}`);
    if (!shape || !image || !block) return [{ dtype, shape: undefined }];
    if (shape.length !== 3) fail(`the input must have 3 dimensions, got shape ${shapeText(shape)}`);
    if (image.some((extent) => extent < 0) || block.some((extent) => extent < 1)) {
      fail(`an image of shape [${image.join(', ')}] of blocks of shape [${block.join(', ')}]`);
    }
    const all = { ...context.attributes, auto_pad: 'NOTSET', kernel_shape: block } as const;
    const places = outputExtents(image, all, block) as number[];
    expectDim(
      shape[2],
      places.reduce((a, b) => a * b, 1),
      'the number of columns',
    );
    const taps = block.reduce((a, b) => a * b, 1);
    const rows = shape[1] as Dim;
    if (typeof rows === 'number' && rows % taps !== 0) fail(`columns of ${rows} elements are not whole blocks of ${taps}`);
    return [{ dtype, shape: [shape[0] as Dim, typeof rows === 'number' ? rows / taps : `(${rows})/${taps}`, ...image] }];
  },
});
