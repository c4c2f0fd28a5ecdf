import { forEachIndex, positionOf, type Reference, type RefTensor } from './reference.js';

/** A tensor of 3 dimensions, [batch, sequence, heads * width], seen as [batch, heads, sequence, width]. */
const byHeads = (x: RefTensor, heads: number): RefTensor => {
  if (x.shape.length === 4) return x;
  const [batch, sequence, all] = x.shape as [number, number, number];
  const width = all / heads;
  const shape = [batch, heads, sequence, width];
  const data = new Float64Array(x.data.length);
  forEachIndex(shape, ([b, h, s, w], at) => {
    data[at] = x.data[(b! * sequence + s!) * all + h! * width + w!]!;
  });
  return { ...x, shape, data };
};

/** The past before the new, along the sequence. */
const joined = (past: RefTensor | undefined, x: RefTensor): RefTensor => {
  if (!past) return x;
  const before = past.shape[2]!;
  const shape = x.shape.with(2, before + x.shape[2]!);
  const data = new Float64Array(shape.reduce((a, b) => a * b, 1));
  forEachIndex(shape, (index, at) => {
    const from = index[2]! < before ? past : x;
    const own = from === past ? index : index.with(2, index[2]! - before);
    data[at] = from.data[positionOf(own, from.shape)]!;
  });
  return { ...x, shape, data };
};

/** What the mask adds to the score of a key; keys that a shorter mask does not reach are hidden. */
const maskAt = (mask: RefTensor | undefined, index: readonly number[]): number => {
  if (!mask) return 0;
  const last = mask.shape.length - 1;
  const own = mask.shape.map((extent, i) => (extent === 1 && i !== last ? 0 : index[index.length - mask.shape.length + i]!));
  if (own[last]! >= mask.shape[last]!) return Number.NEGATIVE_INFINITY;
  const value = mask.data[positionOf(own, mask.shape)]!;
  return mask.dtype === 'bool' ? (value ? 0 : Number.NEGATIVE_INFINITY) : value;
};

/** Y[b, h, i] = sum over j of softmax over j of (scale * Q[b, h, i] . K[b, h, j] + masks) * V[b, h, j] */
export const attention: Reference = ([qGiven, kGiven, vGiven, mask, pastKey, pastValue, known], attributes) => {
  const q = byHeads(qGiven!, attributes.q_num_heads as number);
  const k = joined(pastKey, byHeads(kGiven!, attributes.kv_num_heads as number));
  const v = joined(pastValue, byHeads(vGiven!, attributes.kv_num_heads as number));
  const [batch, heads, queries, size] = q.shape as [number, number, number, number];
  const [, kvHeads, keys, width] = v.shape as [number, number, number, number];
  const {
    softcap,
    left_window_size: left,
    right_window_size: right,
    qk_matmul_output_mode: mode,
  } = attributes as Record<string, number>;
  const scale = (attributes.scale as number | undefined) ?? 1 / Math.sqrt(size);
  const threeD = qGiven!.shape.length === 3;
  const y = new Float64Array(batch * heads * queries * width);
  const shown = new Float64Array(batch * heads * queries * keys);

  forEachIndex([batch, heads, queries], ([b, h, i], row) => {
    const kvHead = Math.floor(h! / (heads / kvHeads));
    const offset = pastKey ? pastKey.shape[2]! : known ? known.data[b!]! - queries : 0;
    const position = i! + offset;
    const scores = Array.from({ length: keys }, (_, j) => {
      let product = 0;
      for (let d = 0; d < size; d++) {
        product += q.data[row * size + d]! * k.data[((b! * kvHeads + kvHead) * keys + j) * size + d]!;
      }
      const raw = scale * product;
      const capped = softcap! > 0 ? softcap! * Math.tanh(raw / softcap!) : raw;
      const hidden =
        (attributes.is_causal && j > position) ||
        (left! >= 0 && j < position - left!) ||
        (right! >= 0 && j > position + right!) ||
        (known !== undefined && j >= known.data[b!]!);
      const masked = hidden ? Number.NEGATIVE_INFINITY : capped + maskAt(mask, [b!, h!, i!, j]);
      shown[row * keys + j] = [raw, capped, masked][mode!] ?? 0;
      return masked;
    });
    const largest = Math.max(...scores);
    const powers = scores.map((score) => (largest === Number.NEGATIVE_INFINITY ? 0 : Math.exp(score - largest)));
    const total = powers.reduce((a, p) => a + p, 0);
    const weights = powers.map((p) => (total === 0 ? 0 : p / total));
    if (mode === 3) shown.set(weights, row * keys);
    const at = (threeD ? (b! * queries + i!) * heads + h! : row) * width;
    for (let c = 0; c < width; c++) {
      for (let j = 0; j < keys; j++) y[at + c]! += weights[j]! * v.data[((b! * kvHeads + kvHead) * keys + j) * width + c]!;
    }
  });
  return [y, k.data, v.data, shown];
};
