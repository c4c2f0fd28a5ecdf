import type { Attributes } from '../graph/graph.js';
import { type Dim, mapDim, mulDims, shapeText } from '../tensor/shape.js';
import { int, internal, word } from './attributes.js';
import { defineOperator, fail, input, type OpContext, type Operator } from './operator.js';

interface BlockAttributes extends Attributes {
  readonly blocksize: number;
  /** Which part of the channel is the place in the block: DCR the first, CRD the last. */
  readonly mode: 'DCR' | 'CRD';
  /** X and Y are [N, H, W, C]. */
  readonly channelsLast: boolean;
}

export interface DepthToSpaceAttributes extends BlockAttributes {
  /** Top, left, height and width of the region of Y that is wanted; undefined: all of it. */
  readonly crop: readonly number[] | undefined;
}

const dividedBy = (d: Dim, n: number, what: string): Dim =>
  mapDim(d, `1/${n} of `, (extent) => (extent % n === 0 ? extent / n : fail(`${what} ${extent} is no multiple of ${n}`)));

/** [N, C, H, W] with the new extents, in the order that the tensor is stored in. */
const rearranged = (
  { attributes, inputs }: OpContext<BlockAttributes>,
  change: (c: Dim, h: Dim, w: Dim) => [Dim, Dim, Dim],
): Dim[] | undefined => {
  const { shape } = inputs[0] ?? {};
  if (!shape) return undefined;
  if (shape.length !== 4) return fail(`the input must have 4 dimensions, got shape ${shapeText(shape)}`);
  const [n, a, b, d] = shape as readonly [Dim, Dim, Dim, Dim];
  const [c, h, w] = attributes.channelsLast ? change(d, a, b) : change(a, b, d);
  return attributes.channelsLast ? [n, h, w, c] : [n, c, h, w];
};

const schema = {
  blocksize: int(undefined, 1, 2 ** 10),
  mode: word<'DCR' | 'CRD'>(['DCR', 'CRD'], 'DCR'),
  channelsLast: internal(false),
};

/** Channels become blocks of pixels: [N, b * b * C, H, W] -> [N, C, b * H, b * W]. */
export const depthToSpace: Operator = defineOperator<DepthToSpaceAttributes>({
  name: 'DepthToSpace',
  attributes: { ...schema, crop: internal(undefined) },
  inputs: [1, 1],
  infer: (context) => {
    const { blocksize: b, crop } = context.attributes;
    const [, , height, width] = crop ?? [];
    const shape = rearranged(context, (c, h, w) => [
      dividedBy(c, b * b, 'the number of channels'),
      height ?? mulDims(h, b),
      width ?? mulDims(w, b),
    ]);
    return [{ dtype: input(context as never, 0).dtype, shape }];
  },
});

/** Blocks of pixels become channels: [N, C, b * H, b * W] -> [N, b * b * C, H, W]. */
export const spaceToDepth: Operator = defineOperator<BlockAttributes>({
  name: 'SpaceToDepth',
  attributes: schema,
  inputs: [1, 1],
  infer: (context) => {
    const { blocksize: b } = context.attributes;
    const shape = rearranged(context, (c, h, w) => [
      mulDims(c, b * b),
      dividedBy(h, b, 'the height'),
      dividedBy(w, b, 'the width'),
    ]);
    return [{ dtype: input(context as never, 0).dtype, shape }];
  },
});
