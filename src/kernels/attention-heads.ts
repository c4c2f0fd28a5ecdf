import type { AttentionAttributes } from '../ops/attention.js';
import { stridesOf } from '../tensor/shape.js';
import type { KernelRequest, Operand, TensorInfo } from './kernel.js';
import { broadcastStrides } from './strides.js';

/** A tensor as [batch, heads, sequence, width]: where it is, and its strides in elements (the last is 1). */
export interface Heads {
  readonly operand: Operand;
  readonly extents: readonly [number, number, number, number];
  readonly strides: readonly [number, number, number];
}

export const headsOf = (operand: Operand, { shape }: TensorInfo, heads: number): Heads => {
  if (shape.length === 4) {
    const [batch, head, row] = stridesOf(shape) as [number, number, number];
    return { operand, extents: shape as unknown as Heads['extents'], strides: [batch, head, row] };
  }
  const [batch, sequence, all] = shape as readonly [number, number, number];
  return { operand, extents: [batch, heads, sequence, all / heads], strides: [sequence * all, all / heads, all] };
};

/** Overrides, definitions and Params fields of what is added to scores and what hides them. */
export const hiding = ({ attributes, inputs }: KernelRequest<AttentionAttributes>, q: Heads, keys: number) => {
  const [batch, heads, queries, width] = q.extents;
  const mask = inputs[3];
  const reach = mask ? (mask.shape.at(-1) as number) : keys;
  const [mask_batch, mask_head, mask_row] = mask ? broadcastStrides(mask.shape, [batch, heads, queries, reach]) : [0, 0, 0];
  const boolean = mask?.dtype === 'bool';
  return {
    constants: {
      HAS_MASK: Number(mask !== undefined),
      HAS_KNOWN: Number(inputs[6] !== undefined),
      HAS_PAST: Number(inputs[4] !== undefined),
      HAS_SOFTCAP: Number(attributes.softcap > 0),
    },
    definitions: { Mask: boolean ? 'u32' : 'f32', BOOLEAN: String(boolean) },
    // What is absent is not read: q stands in.
    operands: { mask: mask ? { input: 3 } : q.operand, known: inputs[6] ? { input: 6 } : q.operand },
    params: {
      mask_batch: mask_batch!,
      mask_head: mask_head!,
      mask_row: mask_row!,
      mask_keys: reach,
      past: inputs[4]?.shape[2] ?? 0,
      left: attributes.left_window_size,
      // A causal query sees no key after its own position.
      right: attributes.is_causal ? 0 : attributes.right_window_size,
      scale: attributes.scale ?? 1 / Math.sqrt(width),
      softcap: attributes.softcap,
    },
  };
};

/** Strides in units of so many elements. */
export const stridesBy = (lanes: number, { strides: [batch, head, row] }: Heads): readonly [number, number, number] => [
  batch / lanes,
  head / lanes,
  row / lanes,
];
