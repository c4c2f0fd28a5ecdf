import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { epilogue, internal } from './attributes.js';
import { defineOperator, elements, fail, input, type Operator, rankAtLeast } from './operator.js';

export interface GlobalPoolAttributes extends Attributes {
  /** X is [N, ..., C] and Y [N, 1, ..., 1, C]. */
  readonly channelsLast: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

/** Pools over all spatial axes of [N, C, ...]. */
const globalPool = (name: string): Operator =>
  defineOperator<GlobalPoolAttributes>({
    name,
    attributes: { channelsLast: internal(false), epilogue: epilogue() },
    inputs: [1, 1],
    infer: (context) => {
      const { dtype, shape } = input(context as never, 0);
      if (dtype === 'bool') fail(`${name} is not defined for bool`);
      if (!shape) return [{ dtype, shape: undefined }];
      const channels = context.attributes.channelsLast ? shape.length - 1 : 1;
      rankAtLeast(shape, 3, 'the input');
      return [{ dtype, shape: shape.map((d, axis) => (axis === 0 || axis === channels ? d : 1)) }];
    },
    macs: (context) => elements(input(context as never, 0).shape),
  });

export const globalAveragePool = globalPool('GlobalAveragePool');
export const globalMaxPool = globalPool('GlobalMaxPool');
