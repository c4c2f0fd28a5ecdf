import type { Attributes, EpilogueStep } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import type { Dim, Shape } from '../tensor/shape.js';
import { type AttributeSchema, epilogue, flag, int, internal } from './attributes.js';
import { defineOperator, elements, fail, input, type OpContext, type Operator, rankAtLeast } from './operator.js';
import { outputExtents, type SpatialAttributes, spatialAttributes } from './spatial.js';

export interface GlobalLpPoolAttributes extends Attributes {
  readonly p: number;
  /** X and Y are [N, ..., C]. */
  readonly channelsLast: boolean;
  readonly epilogue: readonly EpilogueStep[];
}

export interface LpPoolAttributes extends GlobalLpPoolAttributes, SpatialAttributes {
  readonly ceil_mode: boolean;
}

const common: AttributeSchema<GlobalLpPoolAttributes> = { p: int(2, 1, 16), channelsLast: internal(false), epilogue: epilogue() };

const normPool = <A extends GlobalLpPoolAttributes>(
  name: string,
  attributes: AttributeSchema<A>,
  pooled: (context: OpContext<A>, extents: Shape) => readonly Dim[],
): Operator =>
  defineOperator<A>({
    name,
    attributes,
    inputs: [1, 1],
    infer: (context) => {
      const { dtype, shape } = input(context as never, 0);
      if (!isFloat(dtype)) fail(`${name} is not defined for ${dtype}`);
      if (!shape) return [{ dtype, shape: undefined }];
      rankAtLeast(shape, 3, 'the input');
      const { channelsLast } = context.attributes;
      const spatial = pooled(context, channelsLast ? shape.slice(1, -1) : shape.slice(2));
      const [n, c] = [shape[0], channelsLast ? shape.at(-1) : shape[1]] as [Dim, Dim];
      return [{ dtype, shape: channelsLast ? [n, ...spatial, c] : [n, c, ...spatial] }];
    },
    macs: (context) => elements(input(context as never, 0).shape),
  });

/** The p-norm over windows of the spatial axes of [N, C, ...]: (sum of |x|^p)^(1/p). */
export const lpPool = normPool<LpPoolAttributes>(
  'LpPool',
  { ...spatialAttributes, ...common, ceil_mode: flag(false) } as AttributeSchema<LpPoolAttributes>,
  ({ attributes }, extents) => {
    const kernel = attributes.kernel_shape ?? fail(`attribute 'kernel_shape' is missing`);
    return outputExtents(extents, attributes, kernel, attributes.ceil_mode);
  },
);

/** The p-norm over all spatial axes. */
export const globalLpPool = normPool<GlobalLpPoolAttributes>('GlobalLpPool', common, (_, extents) => extents.map(() => 1));
