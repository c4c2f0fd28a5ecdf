import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, shapeText } from '../tensor/shape.js';
import { flag, word } from './attributes.js';
import { defineOperator, elements, expectDim, fail, input } from './operator.js';

export interface GridSampleAttributes extends Attributes {
  readonly align_corners: boolean;
  readonly mode: 'linear' | 'nearest' | 'cubic';
  readonly padding_mode: 'zeros' | 'border' | 'reflection';
}

/**
 * Y[n, c, h, w] = X[n, c] at the place grid[n, h, w] = (x, y), which runs from -1 to 1 across the image: from the middle
 * of the first pixel to that of the last one where align_corners, else from edge to edge.
 */
export const gridSample = defineOperator<GridSampleAttributes>({
  name: 'GridSample',
  attributes: {
    align_corners: flag(false),
    mode: word(['linear', 'nearest', 'cubic'], 'linear'),
    padding_mode: word(['zeros', 'border', 'reflection'], 'zeros'),
  },
  inputs: [2, 2],
  infer: (context) => {
    const x = input(context as never, 0);
    const grid = input(context as never, 1);
    for (const { dtype } of [x, grid]) if (!isFloat(dtype)) fail(`GridSample is not defined for ${dtype}`);
    if (!x.shape || !grid.shape) return [{ dtype: x.dtype, shape: undefined }];
    const rank = x.shape.length;
    if (rank < 3 || grid.shape.length !== rank) fail(`shapes ${shapeText(x.shape)} and ${shapeText(grid.shape)} do not fit`);
    expectDim(grid.shape[0], x.shape[0], 'the batch of the grid');
    expectDim(grid.shape.at(-1), rank - 2, 'the last extent of the grid');
    if (x.shape.slice(2).includes(0) && !grid.shape.includes(0)) fail(`an image of shape ${shapeText(x.shape)} has no pixels`);
    return [{ dtype: x.dtype, shape: [...(x.shape.slice(0, 2) as Dim[]), ...grid.shape.slice(1, -1)] }];
  },
  macs: (_, [y]) => 4 * elements(y?.shape),
});
