import type { Attributes } from '../graph/graph.js';
import { isConcrete, sizeOf } from '../tensor/shape.js';
import { optionalInt } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, type Inferred, input, type OpContext } from './operator.js';

export interface CompressAttributes extends Attributes {
  /** Absent: x is taken as a vector of all its elements. */
  readonly axis: number | undefined;
}

/**
 * What stands along the axis where the condition (input 1) is true; a condition may be shorter than the axis. Where a run
 * computes the condition it is a Gather of the places that NonZero finds.
 */
export const compress = defineOperator<CompressAttributes>({
  name: 'Compress',
  attributes: { axis: optionalInt() },
  inputs: [2, 2],
  counts: [1],
  expand: ({ name, inputs, attributes }, to) => {
    const [x, condition] = inputs.map((input) => to.value(input));
    if (!x?.shape || !isConcrete(x.shape) || !condition?.shape || condition.tensor) return undefined;
    inferCompress({ attributes: attributes as CompressAttributes, inputs: [x, condition], outputCount: 1 });
    const { axis } = attributes as CompressAttributes;
    const [data = '', flags = ''] = inputs;
    const source =
      axis === undefined ? to.add(`${name}/elements`, 'Reshape', [data, to.constant(`${name}/all`, 'int64', [-1])]) : [data];
    const columns = to.add(`${name}/true`, 'NonZero', [flags]);
    const places = to.add(`${name}/places`, 'Squeeze', [...columns, to.constant(`${name}/row`, 'int64', [0])]);
    return to.add(name, 'Gather', [...source, ...places], { axis: axis ?? 0 });
  },
  infer: (context) => inferCompress(context),
});

const inferCompress = (context: OpContext<CompressAttributes>): Inferred[] => {
  const { dtype, shape } = input(context as never, 0);
  const condition = input(context as never, 1);
  if (condition.dtype !== 'bool') fail(`the condition must be bool, got ${condition.dtype}`);
  if (condition.shape && condition.shape.length !== 1) fail(`the condition must have 1 dimension, got ${condition.shape.length}`);
  const { axis: given } = context.attributes;
  const axis = shape && given !== undefined ? axisOf(given, shape.length) : undefined;
  if (!shape || (axis === undefined && !isConcrete(shape))) return [{ dtype, shape: undefined }];
  const extent = axis === undefined ? sizeOf(shape as readonly number[]) : shape[axis];
  const length = condition.shape?.[0];
  if (typeof extent === 'number' && typeof length === 'number' && length > extent) {
    fail(`a condition of ${length} elements for ${extent}`);
  }
  const flags = constantNumbers(condition);
  if (!flags) return [{ dtype, shape: undefined }];
  const count = flags.filter((flag) => flag !== 0).length;
  return [{ dtype, shape: axis === undefined ? [count] : shape.with(axis, count) }];
};
