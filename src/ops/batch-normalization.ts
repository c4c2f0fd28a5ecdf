import { TilewiseError } from '../errors.js';
import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { shapeText } from '../tensor/shape.js';
import { epilogue, float, internal } from './attributes.js';
import { defineOperator, elements, expectDim, fail, input, rankAtLeast } from './operator.js';

export interface BatchNormalizationAttributes extends Attributes {
  readonly epsilon: number;
  /** X and Y are [N, ..., C]. */
  readonly channelsLast: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

const NAMES = ['the scale', 'the bias', 'the mean', 'the variance'];

/** Inference: Y = (X - mean) * scale / sqrt(variance + epsilon) + B, each of the four a value per channel. */
export const batchNormalization = defineOperator<BatchNormalizationAttributes>({
  name: 'BatchNormalization',
  attributes: { epsilon: float(1e-5), channelsLast: internal(false), epilogue: epilogue() },
  inputs: [5, 5],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    if (!isFloat(dtype)) fail(`BatchNormalization is not defined for ${dtype}`);
    if (context.outputCount > 1) {
      throw new TilewiseError('unsupported-model', 'the statistics that training updates are not computed');
    }
    const channels = shape && rankAtLeast(shape, 2, 'the input').at(context.attributes.channelsLast ? -1 : 1);
    NAMES.forEach((name, i) => {
      const vector = input(context as never, i + 1);
      if (!isFloat(vector.dtype)) fail(`${name} must be float, got ${vector.dtype}`);
      if (vector.shape && vector.shape.length !== 1) fail(`${name} must have 1 dimension, got shape ${shapeText(vector.shape)}`);
      expectDim(vector.shape?.[0], channels, `the length of ${name}`);
    });
    return [{ dtype, shape }];
  },
  macs: (_, [y]) => elements(y?.shape),
});
