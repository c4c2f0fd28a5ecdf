import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import type { Dim, Shape } from '../tensor/shape.js';
import { type AttributeSchema, epilogue, flag, int, internal } from './attributes.js';
import { defineOperator, elements, fail, input, type OpContext, type Operator, rankAtLeast } from './operator.js';
import { outputExtents, type SpatialAttributes, spatialAttributes } from './spatial.js';

export interface PoolAttributes extends SpatialAttributes {
  readonly kernel_shape: readonly number[];
  readonly ceil_mode: boolean;
  /** X and Y are [N, ..., C]. */
  readonly channelsLast: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

export interface MaxPoolAttributes extends PoolAttributes {
  /** Whether the indices (output 1) count row by row (0) or column by column (1). */
  readonly storage_order: number;
}

export interface AveragePoolAttributes extends PoolAttributes {
  readonly count_include_pad: boolean;
}

/** Pools over windows of the spatial axes of [N, C, ...]; `own` are the attributes of the one operator. */
const pool = (name: string, own: AttributeSchema<Attributes>, types: (dtype: DType) => boolean, indices: boolean): Operator =>
  defineOperator<PoolAttributes & Attributes>({
    name,
    attributes: {
      ...spatialAttributes,
      kernel_shape: {
        parse: (raw, attribute) => spatialAttributes.kernel_shape.parse(raw, attribute) as readonly number[],
        missing: () => fail(`attribute 'kernel_shape' is missing`),
      },
      ceil_mode: flag(false),
      channelsLast: internal(false),
      epilogue: epilogue(),
      ...own,
    } as AttributeSchema<PoolAttributes & Attributes>,
    inputs: [1, 1],
    outputs: [1, indices ? 2 : 1],
    infer: (context) => {
      const { dtype, shape } = input(context as never, 0);
      if (!types(dtype)) fail(`${name} is not defined for ${dtype}`);
      const y = { dtype, shape: shape && outputShape(context, shape) };
      if (context.outputCount > 1 && context.attributes.channelsLast) fail('indices count in channels-first order');
      return context.outputCount > 1 ? [y, { dtype: 'int64', shape: y.shape }] : [y];
    },
    macs: ({ attributes }, [y]) => elements(y?.shape) * attributes.kernel_shape.reduce((a, k) => a * k, 1),
  });

const outputShape = ({ attributes }: OpContext<PoolAttributes>, x: Shape): Shape => {
  const { channelsLast, kernel_shape, ceil_mode } = attributes;
  rankAtLeast(x, 3, 'the input');
  const [n, c] = [x[0], channelsLast ? x.at(-1) : x[1]] as [Dim, Dim];
  const spatial = outputExtents(channelsLast ? x.slice(1, -1) : x.slice(2), attributes, kernel_shape, ceil_mode);
  return channelsLast ? [n, ...spatial, c] : [n, c, ...spatial];
};

const BYTES: readonly DType[] = ['int8', 'uint8'];

export const averagePool = pool('AveragePool', { count_include_pad: flag(false) }, isFloat, false);
export const maxPool = pool('MaxPool', { storage_order: int(0, 0, 1) }, (dtype) => isFloat(dtype) || BYTES.includes(dtype), true);
