import type { Attributes } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, shapeText } from '../tensor/shape.js';
import { float, int, word } from './attributes.js';
import { expectIndexType } from './indices.js';
import { defineOperator, expectDim, fail, input } from './operator.js';

export interface RoiAlignAttributes extends Attributes {
  readonly coordinate_transformation_mode: 'half_pixel' | 'output_half_pixel';
  readonly mode: 'avg' | 'max';
  readonly output_height: number;
  readonly output_width: number;
  /** Samples along each side of a bin; 0: about one a pixel. */
  readonly sampling_ratio: number;
  readonly spatial_scale: number;
}

/**
 * For each region (x1, y1, x2, y2) of the image that batch_indices (input 2) names: output_height x output_width bins,
 * each the mean (or maximum) of samples between the pixels.
 */
export const roiAlign = defineOperator<RoiAlignAttributes>({
  name: 'RoiAlign',
  attributes: {
    coordinate_transformation_mode: word(['half_pixel', 'output_half_pixel'], 'half_pixel'),
    mode: word(['avg', 'max'], 'avg'),
    output_height: int(1, 1),
    output_width: int(1, 1),
    sampling_ratio: int(0, 0),
    spatial_scale: float(1),
  },
  inputs: [3, 3],
  infer: (context) => {
    const [x, regions, images] = [0, 1, 2].map((i) => input(context as never, i)) as Three;
    for (const { dtype } of [x, regions]) if (!isFloat(dtype)) fail(`RoiAlign is not defined for ${dtype}`);
    expectIndexType(images);
    if (x.shape && x.shape.length !== 4) fail(`the input must have 4 dimensions, got shape ${shapeText(x.shape)}`);
    if (regions.shape && regions.shape.length !== 2) fail(`regions of shape ${shapeText(regions.shape)}`);
    expectDim(regions.shape?.[1], 4, 'the extent of a region');
    expectDim(images.shape?.[0], regions.shape?.[0], 'the number of batch indices');
    if (!x.shape || !regions.shape) return [{ dtype: x.dtype, shape: undefined }];
    if (x.shape.includes(0) && regions.shape[0] !== 0) fail(`an image of shape ${shapeText(x.shape)} has no pixels`);
    const { output_height, output_width } = context.attributes;
    return [{ dtype: x.dtype, shape: [regions.shape[0] as Dim, x.shape[1] as Dim, output_height, output_width] }];
  },
});

type Three = [ReturnType<typeof input>, ReturnType<typeof input>, ReturnType<typeof input>];
