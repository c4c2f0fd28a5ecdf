import type { Attributes } from '../graph/graph.js';
import { type Dim, isConcrete, mulDims, type Shape, shapeText, sizeOf } from '../tensor/shape.js';
import { flag } from './attributes.js';
import { constantNumbers, defineOperator, fail, input } from './operator.js';

export interface ReshapeAttributes extends Attributes {
  /** False: a 0 in the shape copies the extent of that axis of the data. */
  readonly allowzero: boolean;
}

/**
 * The data under another shape (input 1): 0 copies an extent, one -1 takes what is left. Symbolic extents cancel
 * against their equals, so that [0, -1] of [N, 3, 4] is [N, 12] and [-1, 4] of [N, 4] is [N, 4].
 */
export const reshape = defineOperator<ReshapeAttributes>({
  name: 'Reshape',
  attributes: { allowzero: flag(false) },
  inputs: [2, 2],
  hostInputs: [1],
  alias: true,
  infer: (context) => {
    const { dtype, shape } = input(context as never, 0);
    const target = constantNumbers(input(context as never, 1));
    if (!target) return [{ dtype, shape: undefined }];
    const { allowzero } = context.attributes;
    if (target.some((d) => d < -1)) fail(`shape [${target.join(', ')}] has an extent below -1`);
    if (target.filter((d) => d === -1).length > 1) fail(`shape [${target.join(', ')}] has more than one -1`);
    if (allowzero && target.includes(0) && target.includes(-1)) fail(`shape [${target.join(', ')}] has both 0 and -1`);
    return [{ dtype, shape: reshaped(shape, target, allowzero) }];
  },
});

const reshaped = (shape: Shape | undefined, target: readonly number[], allowzero: boolean): Shape | undefined => {
  if (!shape) return target.every((d) => d > 0 || (allowzero && d === 0)) ? target : undefined;
  const copies = (axis: number): boolean => !allowzero && target[axis] === 0;
  const dims = target.map((d, axis): Dim => (copies(axis) ? (shape[axis] ?? noSuchAxis(axis, shape)) : d));
  if (dims.includes(-1)) {
    // Copied extents are on both sides, even where they are 0.
    const left = shape.filter((_, axis) => !copies(axis));
    const given = target.filter((d, axis) => d !== -1 && !copies(axis));
    const rest = quotient(left, given, () => fail(`${shapeText(shape)} cannot be reshaped to [${target.join(', ')}]`));
    return rest === undefined ? undefined : dims.map((d) => (d === -1 ? rest : d));
  }
  if (isConcrete(shape) && isConcrete(dims) && sizeOf(shape) !== sizeOf(dims)) {
    fail(`${shapeText(shape)} cannot be reshaped to ${shapeText(dims)}`);
  }
  return dims;
};

/** product(extents) / product(divisors); undefined where symbols leave it open. */
const quotient = (extents: Shape, divisors: readonly number[], refuse: () => never): Dim | undefined => {
  const divisor = divisors.reduce((a, b) => a * b, 1);
  if (divisor === 0) return refuse();
  const numbers = extents.filter((d) => typeof d === 'number').reduce((a, b) => a * b, 1);
  const symbols = extents.filter((d) => typeof d === 'string');
  if (numbers % divisor === 0) return symbols.reduce<Dim>(mulDims, numbers / divisor);
  return symbols.length > 0 ? undefined : refuse();
};

const noSuchAxis = (axis: number, shape: Shape): never =>
  fail(`shape has a 0 at axis ${axis}, but the data ${shapeText(shape)} has no such axis`);
