// y[b, h, i] = sum over j of w[i, j] * v[b, h / group, j] / sum over j of w[i, j], w[i, j] = exp(score[i, j] - largest score[i] so far)
// score[i, j] = mask(softcap * tanh(scale * sum over d of q[b, h, i, d] * k[b, h / group, j, d] / softcap))
// Scores are never stored (Dao et al., "FlashAttention", 2022): a workgroup of 4 x 16 invocations takes 64 keys at a time. An
// invocation computes the scores of four queries and four keys, then adds to the sums of these queries in PARTS quads of y.
// q, k, v, y: [batch, heads, sequence, quads] vec4s by strides.
// mask: by strides, added or (BOOLEAN) 0 where hidden; known: [batch], keys from there on are hidden. Both may be unread.
struct Params {
  queries: u32,
  keys: u32,
  group: u32, // heads of q for one of k and v
  quads: u32, // of a row of q and k
  width: u32, // quads of a row of v and y
  q_batch: u32,
  q_head: u32,
  q_row: u32,
  k_batch: u32,
  k_head: u32,
  k_row: u32,
  v_batch: u32,
  v_head: u32,
  v_row: u32,
  y_batch: u32,
  y_head: u32,
  y_row: u32,
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
@group(0) @binding(1) var<storage, read> q: array<vec4f>;
@group(0) @binding(2) var<storage, read> k: array<vec4f>;
@group(0) @binding(3) var<storage, read> v: array<vec4f>;
@group(0) @binding(4) var<storage, read> mask: array<Mask>;
@group(0) @binding(5) var<storage, read> known: array<i32>;
@group(0) @binding(6) var<storage, read_write> y: array<vec4f>;

alias Mask = f32;
const BOOLEAN = false;
const PARTS = 1u; // quads of a row of y that an invocation computes, 16 apart
override HAS_MASK: bool = false;
override HAS_KNOWN: bool = false;
override HAS_PAST: bool = false;
override HAS_WINDOW: bool = false;
override HAS_SOFTCAP: bool = false;

var<workgroup> largest_of: array<vec4f, 64>;
var<workgroup> weights: array<vec4f, 256>; // [64 keys, 4]: those of four queries

// -inf, which may not be written as a constant.
fn lowest() -> f32 {
  return bitcast<f32>(0xff800000u + (params.keys & 0u));
}

// On some devices exp of -inf or of NaN is not what it should be: only bits tell.
fn power(score: vec4f, largest: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(score);
  let p = select(exp(score - largest), score, (bits & vec4u(0x7fffffffu)) > vec4u(0x7f800000u));
  return select(p, vec4f(0), bits == vec4u(0xff800000u));
}

fn larger(a: vec4f, b: vec4f) -> vec4f {
  return select(a, b, b > a);
}

fn is_hidden(end: u32, away: i32, j: u32) -> bool {
  return j >= end || (params.right >= 0 && away > params.right) || (params.left >= 0 && away < -params.left);
}

struct Place {
  at_mask: u32, // of the first query
  i: u32,
  end: u32, // keys from there on are padding
  offset: i32, // the position of the first query among the keys
}

// The mask for four queries; queries beyond the last repeat it.
fn masked(score: vec4f, place: Place, j: u32) -> vec4f {
  var s = score;
  if (HAS_SOFTCAP) {
    // Some devices compute tanh by exp, which overflows.
    s = params.softcap * tanh(clamp(s / params.softcap, vec4f(-15), vec4f(15)));
  }
  if (!HAS_MASK && !HAS_WINDOW && !HAS_KNOWN) {
    return select(s, vec4f(lowest()), j >= params.keys);
  }
  for (var r = 0u; r < 4u; r++) {
    let i = min(place.i + r, params.queries - 1u);
    if (HAS_MASK) {
      if (j >= params.mask_keys) {
        s[r] = lowest();
      } else {
        let value = mask[place.at_mask + i * params.mask_row + j];
        s[r] = select(s[r] + f32(value), select(lowest(), s[r], value != Mask()), BOOLEAN);
      }
    }
    s[r] = select(s[r], lowest(), is_hidden(place.end, i32(j) - i32(i) - place.offset, j));
  }
  return s;
}

// The larger of what the 16 invocations with these queries hold.
fn largest_in(rows: u32) -> vec4f {
  var largest = largest_of[rows * 16u];
  for (var l = 1u; l < 16u; l++) {
    largest = larger(largest, largest_of[rows * 16u + l]);
  }
  return largest;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let rows = lane / 16u;
  let column = lane % 16u;
  let i = group.x * 16u + rows * 4u;
  let h = group.y;
  let b = group.z;
  var place = Place(b * params.mask_batch + h * params.mask_head, i, params.keys, i32(params.past));
  if (HAS_KNOWN) {
    place.end = u32(clamp(known[b], 0, i32(params.keys)));
    if (!HAS_PAST) {
      place.offset = i32(place.end) - i32(params.queries);
    }
  }
  // Queries beyond the last repeat it, and keys too.
  let queries = min(vec4u(i) + vec4u(0u, 1u, 2u, 3u), vec4u(params.queries - 1u));
  let at_q = vec4u(b * params.q_batch + h * params.q_head) + queries * params.q_row;
  let first_k = b * params.k_batch + h / params.group * params.k_head;
  let first_v = b * params.v_batch + h / params.group * params.v_head + column;
  var sums = array<mat4x4f, PARTS>();
  var largest = vec4f(lowest());
  var total = vec4f(0);
  for (var first = 0u; first < params.keys; first += 64u) {
    let j = vec4u(first + column) + vec4u(0u, 16u, 32u, 48u);
    let at_k = first_k + min(j, vec4u(params.keys - 1u)) * params.k_row;
    var s0 = vec4f(0);
    var s1 = vec4f(0);
    var s2 = vec4f(0);
    var s3 = vec4f(0);
    for (var d = 0u; d < params.quads; d++) {
      let four = mat4x4f(q[at_q.x + d], q[at_q.y + d], q[at_q.z + d], q[at_q.w + d]);
      s0 += k[at_k.x + d] * four;
      s1 += k[at_k.y + d] * four;
      s2 += k[at_k.z + d] * four;
      s3 += k[at_k.w + d] * four;
    }
    s0 = masked(s0 * params.scale, place, j.x);
    s1 = masked(s1 * params.scale, place, j.y);
    s2 = masked(s2 * params.scale, place, j.z);
    s3 = masked(s3 * params.scale, place, j.w);
    largest_of[lane] = larger(larger(s0, s1), larger(s2, s3));
    workgroupBarrier();
    let next = larger(largest, largest_in(rows));
    let before = power(largest, next);
    largest = next;
    s0 = power(s0, next);
    s1 = power(s1, next);
    s2 = power(s2, next);
    s3 = power(s3, next);
    total = total * before + (s0 + s1 + s2 + s3);
    weights[column * 4u + rows] = s0;
    weights[column * 4u + rows + 64u] = s1;
    weights[column * 4u + rows + 128u] = s2;
    weights[column * 4u + rows + 192u] = s3;
    workgroupBarrier();
    let keys = min(64u, params.keys - first);
    for (var part = 0u; part < PARTS; part++) {
      var sum = mat4x4f();
      if (column + part * 16u < params.width) {
        for (var t = 0u; t < keys; t++) {
          let value = v[first_v + (first + t) * params.v_row + part * 16u];
          let w = weights[t * 4u + rows];
          sum += mat4x4f(value * w.x, value * w.y, value * w.z, value * w.w);
        }
      }
      let old = sums[part];
      sums[part] = sum + mat4x4f(old[0] * before.x, old[1] * before.y, old[2] * before.z, old[3] * before.w);
    }
    workgroupBarrier();
  }
  largest_of[lane] = total;
  workgroupBarrier();
  total = vec4f(0);
  for (var l = 0u; l < 16u; l++) {
    total += largest_of[rows * 16u + l];
  }
  let factor = select(1.0 / total, vec4f(0), total == vec4f(0));
  let at_y = b * params.y_batch + h * params.y_head + i * params.y_row + column;
  for (var part = 0u; part < PARTS; part++) {
    for (var r = 0u; i + r < min(i + 4u, params.queries) && column + part * 16u < params.width; r++) {
      y[at_y + r * params.y_row + part * 16u] = sums[part][r] * factor[r];
    }
  }
}
