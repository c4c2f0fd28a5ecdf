// y[b, h, i, j] = mask(softcap * tanh(scale * sum over d of q[b, h, i, d] * k[b, h / group, j, d] / softcap))
// q, k: [batch, heads, sequence, size] by strides that count in Elems; y, qk: row-major [batch, heads, queries, keys].
// mask: by strides, added or (BOOLEAN) 0 where hidden; known: [batch], keys from there on are hidden. Both may be unread.
struct Params {
  count: u32,
  heads: u32,
  queries: u32,
  keys: u32,
  group: u32, // heads of q for one of k
  size: u32,
  q_batch: u32,
  q_head: u32,
  q_row: u32,
  k_batch: u32,
  k_head: u32,
  k_row: u32,
  mask_batch: u32,
  mask_head: u32,
  mask_row: u32,
  mask_keys: u32, // keys that the mask reaches; further ones are hidden
  past: u32,
  left: i32, // keys before and after its own position that a query sees; -1 for all
  right: i32,
  scale: f32,
  softcap: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<Elem>;
@group(0) @binding(2) var<storage, read> k: array<Elem>;
@group(0) @binding(3) var<storage, read> mask: array<Mask>;
@group(0) @binding(4) var<storage, read> known: array<i32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;
@group(0) @binding(6) var<storage, read_write> qk: array<f32>;

alias Elem = f32;
alias Mask = f32;
const BOOLEAN = false;
override WORKGROUP_SIZE: u32 = 64;
override HAS_MASK: u32 = 0;
override HAS_KNOWN: u32 = 0;
override HAS_PAST: u32 = 0;
override HAS_SOFTCAP: u32 = 0;
override SHOWN: u32 = 3; // qk is 0: the product, 1: after the softcap, 2: y; 3: not written

fn total(v: Elem) -> f32 { return v; }

fn is_hidden(b: u32, i: u32, j: u32) -> bool {
  var offset = i32(params.past);
  var end = params.keys;
  if (HAS_KNOWN == 1u) {
    end = u32(clamp(known[b], 0, i32(params.keys)));
    if (HAS_PAST == 0u) {
      offset = i32(end) - i32(params.queries);
    }
  }
  let away = i32(j) - i32(i) - offset;
  return j >= end || (params.right >= 0 && away > params.right) || (params.left >= 0 && away < -params.left);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let j = at % params.keys;
  let i = at / params.keys % params.queries;
  let h = at / (params.keys * params.queries) % params.heads;
  let b = at / (params.keys * params.queries * params.heads);
  let at_q = b * params.q_batch + h * params.q_head + i * params.q_row;
  let at_k = b * params.k_batch + h / params.group * params.k_head + j * params.k_row;
  var sum = Elem();
  for (var d = 0u; d < params.size; d++) {
    sum += q[at_q + d] * k[at_k + d];
  }
  var score = params.scale * total(sum);
  if (SHOWN == 0u) {
    qk[at] = score;
  }
  if (HAS_SOFTCAP == 1u) {
    // Some devices compute tanh by exp, which overflows.
    score = params.softcap * tanh(clamp(score / params.softcap, -15.0, 15.0));
  }
  if (SHOWN == 1u) {
    qk[at] = score;
  }
  let lowest = bitcast<f32>(0xff800000u + (params.count & 0u)); // -inf, which may not be written as a constant
  if (HAS_MASK == 1u) {
    if (j >= params.mask_keys) {
      score = lowest;
    } else {
      let value = mask[b * params.mask_batch + h * params.mask_head + i * params.mask_row + j];
      score = select(score + f32(value), select(lowest, score, value != Mask()), BOOLEAN);
    }
  }
  if (is_hidden(b, i, j)) {
    score = lowest;
  }
  y[at] = score;
  if (SHOWN == 2u) {
    qk[at] = score;
  }
}
