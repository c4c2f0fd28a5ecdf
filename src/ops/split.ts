import type { Attributes } from '../graph/graph.js';
import { type Dim, mapDim } from '../tensor/shape.js';
import { int, optionalInt } from './attributes.js';
import { axisOf, constantNumbers, defineOperator, fail, input } from './operator.js';

export interface SplitAttributes extends Attributes {
  readonly axis: number;
  readonly num_outputs: number | undefined;
}

/** Extents of `parts` pieces of `extent`, all alike except for a smaller last one. */
const evenParts = (extent: Dim, parts: number): Dim[] => {
  if (parts === 1) return [extent];
  const size = (d: number): number => Math.ceil(d / parts);
  const rest = (d: number): number => d - size(d) * (parts - 1);
  if (typeof extent === 'number' && rest(extent) < 0) fail(`an extent of ${extent} cannot be split into ${parts} parts`);
  return Array.from({ length: parts }, (_, i) =>
    i < parts - 1 ? mapDim(extent, `part${parts}`, size) : mapDim(extent, `last${parts}`, rest),
  );
};

const givenParts = (extent: Dim, parts: readonly number[], outputCount: number): readonly number[] => {
  const total = parts.reduce((a, b) => a + b, 0);
  if (parts.some((d) => d < 0)) fail(`split [${parts.join(', ')}] has a negative extent`);
  if (parts.length !== outputCount) fail(`split has ${parts.length} extents for ${outputCount} outputs`);
  if (typeof extent === 'number' && extent !== total) fail(`split [${parts.join(', ')}] does not add up to ${extent}`);
  return parts;
};

/** x cut along `axis` into the extents of input 1, or into as many equal parts as there are outputs. */
export const split = defineOperator<SplitAttributes>({
  name: 'Split',
  attributes: { axis: int(0), num_outputs: optionalInt() },
  inputs: [1, 2],
  hostInputs: [1],
  outputs: [1, Number.POSITIVE_INFINITY],
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const { num_outputs = context.outputCount } = context.attributes;
    const { outputCount } = context;
    if (num_outputs !== outputCount) fail(`num_outputs is ${num_outputs}, but the node has ${outputCount} outputs`);
    const sizes = constantNumbers(context.inputs[1]);
    if (!shape || (context.inputs[1] && !sizes)) return Array.from({ length: outputCount }, () => ({ dtype, shape: undefined }));
    const axis = axisOf(context.attributes.axis, shape.length);
    const extent = shape[axis] as Dim;
    const parts = sizes ? givenParts(extent, sizes, outputCount) : evenParts(extent, outputCount);
    return parts.map((part) => ({ dtype, shape: shape.with(axis, part) }));
  },
});
