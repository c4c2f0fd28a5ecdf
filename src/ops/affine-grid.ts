import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { shapeText } from '../tensor/shape.js';
import { flag } from './attributes.js';
import { constantNumbers, defineOperator, elements, expectDim, fail, input } from './operator.js';

export interface AffineGridAttributes extends Attributes {
  readonly align_corners: boolean;
}

/**
 * A grid for GridSample: Y[n, h, w] = theta[n] (x, y, 1), where x and y run from -1 to 1 across an image of the given
 * size (input 1: N, C, then two or three extents).
 */
export const affineGrid = defineOperator<AffineGridAttributes>({
  name: 'AffineGrid',
  attributes: { align_corners: flag(false) },
  inputs: [2, 2],
  hostInputs: [1],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const size = constantNumbers(input(context as never, 1));
    if (!isFloat(dtype)) fail(`AffineGrid is not defined for ${dtype}`);
    if (shape && shape.length !== 3) fail(`theta must have 3 dimensions, got shape ${shapeText(shape)}`);
    if (!size) return [{ dtype, shape: undefined }];
    const [n, , ...image] = size as [number, number, ...number[]];
    if (image.length !== 2 && image.length !== 3) fail(`size must have 4 or 5 elements, got ${size.length}`);
    if (size.some((extent) => extent < 0 || extent >= 2 ** 31)) fail(`size [${size.join(', ')}] is no shape`);
    const expected = [n, image.length, image.length + 1];
    for (const [k, d] of expected.entries()) expectDim(shape?.[k], d, `dimension ${k} of theta`);
    return [{ dtype, shape: [n, ...image, image.length] }];
  },
  macs: (_, [y]) => 3 * elements(y?.shape),
});
