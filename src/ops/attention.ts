import type { Attributes, Value } from '../graph/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { type Dim, type Shape, shapeText } from '../tensor/shape.js';
import { type AttributeField, flag, float, int } from './attributes.js';
import { expectIndexType } from './indices.js';
import { constantNumbers, defineOperator, expectDim, fail, type Inferred, input, type OpContext } from './operator.js';

export interface AttentionAttributes extends Attributes {
  readonly is_causal: boolean;
  /** Needed, as is the next, where Q, K and V have 3 dimensions. */
  readonly q_num_heads: number;
  readonly kv_num_heads: number;
  /** Undefined stands for 1 / sqrt(head size). */
  readonly scale: number | undefined;
  /** Scores become softcap * tanh(score / softcap); 0 leaves them. */
  readonly softcap: number;
  /** What the fourth output holds: 0 the scaled products, 1 after the softcap, 2 after the masks, 3 after the softmax. */
  readonly qk_matmul_output_mode: number;
  /** How many keys before and after its own position a query sees; -1 stands for all. */
  readonly left_window_size: number;
  readonly right_window_size: number;
  /** Sums are float32 whatever it says. */
  readonly softmax_precision: number;
}

const scale: AttributeField<number | undefined> = { parse: float().parse, missing: () => undefined };

/** [batch, heads, sequence, width] of Q, K or V, which may be [batch, sequence, heads * width]. */
const headsOf = (value: Value, heads: number, what: string): readonly Dim[] | undefined => {
  const { shape, dtype } = value;
  if (!isFloat(dtype)) fail(`${what} must be floats, got ${dtype}`);
  if (!shape || shape.length === 4) return shape;
  if (shape.length !== 3) return fail(`${what} must have 3 or 4 dimensions, got shape ${shapeText(shape)}`);
  if (heads === 0) fail(`q_num_heads and kv_num_heads are needed where ${what} has 3 dimensions`);
  const [batch, sequence, all] = shape as readonly [Dim, Dim, Dim];
  if (typeof all === 'string') return [batch, heads, sequence, `(${all})/${heads}`];
  if (all % heads !== 0) fail(`${heads} heads do not divide the ${all} elements of ${what}`);
  return [batch, heads, sequence, all / heads];
};

const sum = (a: Dim, b: Dim): Dim => (typeof a === 'number' && typeof b === 'number' ? a + b : a === 0 ? b : `${a}+${b}`);

const expectShape = (value: Value | undefined, expected: readonly (Dim | undefined)[], what: string): void => {
  if (!value?.shape) return;
  if (value.shape.length !== expected.length)
    fail(`${what} must have ${expected.length} dimensions, got ${shapeText(value.shape)}`);
  for (const [k, d] of expected.entries()) expectDim(value.shape[k], d, `dimension ${k} of ${what}`);
};

/** The mask broadcasts to [batch, heads, queries, keys]; its last dimension may be shorter, and what it lacks is masked. */
const checkMask = (mask: Value | undefined, target: readonly Dim[]): void => {
  if (!mask) return;
  if (mask.dtype !== 'bool' && !isFloat(mask.dtype)) fail(`attn_mask must be bool or floats, got ${mask.dtype}`);
  const shape = mask.shape ?? [];
  if (shape.length > 4 || (mask.shape && shape.length < 1))
    fail(`attn_mask must have 1 to 4 dimensions, got ${shapeText(shape)}`);
  for (const [i, d] of shape.entries()) {
    const t = target[4 - shape.length + i];
    if (typeof d !== 'number' || typeof t !== 'number') continue;
    const last = i === shape.length - 1;
    if (last ? d > t : d !== 1 && d !== t) fail(`attn_mask ${shapeText(shape)} does not fit [${target.join(', ')}]`);
  }
};

const checkKnown = (known: Value | undefined, batch: Dim, keys: Dim): void => {
  if (!known) return;
  expectIndexType(known);
  expectShape(known, [batch], 'nonpad_kv_seqlen');
  const wrong = constantNumbers(known)?.find((n) => n < 0 || (typeof keys === 'number' && n > keys));
  if (wrong !== undefined) fail(`nonpad_kv_seqlen ${wrong} is not from 0 to the ${keys} keys`);
};

const infer = (context: OpContext<AttentionAttributes>): Inferred[] => {
  const { attributes, inputs } = context;
  const [qv, kv, vv] = [0, 1, 2].map((i) => input(context as never, i)) as [Value, Value, Value];
  const [, , , mask, pastKey, pastValue, known] = inputs;
  const q = headsOf(qv, attributes.q_num_heads, 'Q');
  const k = headsOf(kv, attributes.kv_num_heads, 'K');
  const v = headsOf(vv, attributes.kv_num_heads, 'V');
  for (const value of [kv, vv, pastKey, pastValue]) {
    if (value && value.dtype !== qv.dtype) fail(`inputs must have one type, got ${qv.dtype} and ${value.dtype}`);
  }
  if (Boolean(pastKey) !== Boolean(pastValue)) fail('past_key and past_value come together');
  const unknown = { dtype: qv.dtype, shape: undefined };
  if (!q || !k || !v || (pastKey && !pastKey.shape) || (pastValue && !pastValue.shape))
    return [unknown, unknown, unknown, unknown];
  if (qv.shape?.length !== kv.shape?.length || qv.shape?.length !== vv.shape?.length) fail('Q, K and V must have one rank');
  expectDim(k[0], q[0], 'the batch of K');
  expectDim(v[0], q[0], 'the batch of V');
  expectDim(k[3], q[3], 'the head size of K');
  expectDim(v[1], k[1], 'the heads of V');
  expectDim(v[2], k[2], 'the sequence of V');
  const [qHeads, kvHeads] = [q[1], k[1]];
  if (typeof qHeads === 'number' && typeof kvHeads === 'number' && (kvHeads === 0 || qHeads % kvHeads !== 0)) {
    fail(`${kvHeads} heads of K do not divide ${qHeads} of Q`);
  }
  expectShape(pastKey, [q[0], k[1], undefined, k[3]], 'past_key');
  expectShape(pastValue, [q[0], v[1], pastKey?.shape?.[2], v[3]], 'past_value');
  const keys = pastKey?.shape ? sum(pastKey.shape[2] as Dim, k[2] as Dim) : (k[2] as Dim);
  const scores = [q[0], q[1], q[2], keys] as Shape;
  checkMask(mask, scores);
  checkKnown(known, q[0] as Dim, keys);
  const y = [q[0], q[1], q[2], v[3]] as Shape;
  const rows = qv.shape?.length === 3 ? [y[0] as Dim, y[2] as Dim, product(y[1] as Dim, y[3] as Dim)] : y;
  const shapes: Shape[] = [rows, [k[0], k[1], keys, k[3]] as Shape, [v[0], v[1], keys, v[3]] as Shape, scores];
  return shapes.map((shape) => ({ dtype: qv.dtype, shape }));
};

const product = (a: Dim, b: Dim): Dim => (typeof a === 'number' && typeof b === 'number' ? a * b : `${a}*${b}`);

/**
 * Y = softmax(mask(scale * Q K^T)) V, head by head. Inputs: Q, K, V, attn_mask (false or -inf hides a key), past_key and
 * past_value (put before K and V), nonpad_kv_seqlen (keys from there on are padding). A row without any visible key is
 * 0. Outputs: Y, the keys and the values with their past, and the scores.
 */
export const attention = defineOperator<AttentionAttributes>({
  name: 'Attention',
  attributes: {
    is_causal: flag(false),
    q_num_heads: int(0, 0),
    kv_num_heads: int(0, 0),
    scale,
    softcap: float(0),
    qk_matmul_output_mode: int(0, 0, 3),
    left_window_size: int(-1, -1),
    right_window_size: int(-1, -1),
    softmax_precision: int(1, 0),
  },
  inputs: [3, 7],
  outputs: [1, 4],
  infer,
  macs: (_, outputs) => {
    const [, k, v, scores] = outputs.map(({ shape }) => (shape ?? []) as readonly number[]);
    return scores!.reduce((a, b) => a * b, 1) * (k!.at(-1)! + v!.at(-1)!);
  },
});
