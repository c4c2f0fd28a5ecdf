// y[b, h, i] = sum over j of w[i, j] * v[b, h / group, j] / sum over j of w[i, j], w[i, j] = exp(score[i, j] - largest score[i] so far)
// score[i, j] = mask(softcap * tanh(scale * sum over d of q[b, h, i, d] * k[b, h / group, j, d] / softcap))
// Scores are never stored, and none is computed twice: y holds the sums so far, of 16 keys at a time (Milakov and Gimelshein,
// "Online normalizer calculation for softmax", 2018). Four invocations, a workgroup, compute four queries each. Each loads every
// fourth key and hands it to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// q, k, v, y: [batch, heads, sequence, quads] vec4s by strides.
// mask: by strides, added or (BOOLEAN) 0 where hidden; known: [batch], keys from there on are hidden. Both may be unread.
enable subgroups;
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
override HAS_MASK: bool = false;
override HAS_KNOWN: bool = false;
override HAS_PAST: bool = false;
override HAS_WINDOW: bool = false;
override HAS_SOFTCAP: bool = false;

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

fn powers(t: mat4x4f, largest: vec4f) -> mat4x4f {
  return mat4x4f(power(t[0], largest), power(t[1], largest), power(t[2], largest), power(t[3], largest));
}

fn larger(a: vec4f, b: vec4f) -> vec4f {
  return select(a, b, b > a);
}

fn largest_of(t: mat4x4f, given: vec4f) -> vec4f {
  return larger(larger(larger(larger(given, t[0]), t[1]), t[2]), t[3]);
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

// The scores of four keys from j on.
fn finished(t: mat4x4f, place: Place, j: u32) -> mat4x4f {
  return mat4x4f(
    masked(t[0] * params.scale, place, j),
    masked(t[1] * params.scale, place, j + 1u),
    masked(t[2] * params.scale, place, j + 2u),
    masked(t[3] * params.scale, place, j + 3u),
  );
}

// What the four invocations have loaded, side by side.
fn together(part: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(part, 0u), quadBroadcast(part, 1u), quadBroadcast(part, 2u), quadBroadcast(part, 3u));
}

// Four numbers of the row of v for key j; 0 beyond the last key, for 0 times infinity is not a number.
fn value(first: u32, j: u32, d: u32) -> vec4f {
  return select(vec4f(0), v[first + min(j, params.keys - 1u) * params.v_row + d], j < params.keys);
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.x * 16u + lane * 4u;
  let h = group.y;
  let b = group.z;
  var place = Place(b * params.mask_batch + h * params.mask_head, i, params.keys, i32(params.past));
  if (HAS_KNOWN) {
    place.end = u32(clamp(known[b], 0, i32(params.keys)));
    if (!HAS_PAST) {
      place.offset = i32(place.end) - i32(params.queries);
    }
  }
  // Queries beyond the last repeat it.
  let rows = min(vec4u(i) + vec4u(0u, 1u, 2u, 3u), vec4u(params.queries - 1u));
  let at_q = vec4u(b * params.q_batch + h * params.q_head) + rows * params.q_row;
  let at_y = vec4u(b * params.y_batch + h * params.y_head) + rows * params.y_row;
  let first_k = b * params.k_batch + h / params.group * params.k_head;
  let first_v = b * params.v_batch + h / params.group * params.v_head;
  let last = params.keys - 1u;
  var largest = vec4f(lowest());
  var total = vec4f(0);
  for (var j = 0u; j < params.keys; j += 16u) {
    let mine = vec4u(j + lane) + vec4u(0u, 4u, 8u, 12u);
    let at_k = first_k + min(mine, vec4u(last)) * params.k_row;
    var t0 = mat4x4f();
    var t1 = mat4x4f();
    var t2 = mat4x4f();
    var t3 = mat4x4f();
    for (var d = 0u; d < params.quads; d++) {
      let four = transpose(mat4x4f(q[at_q.x + d], q[at_q.y + d], q[at_q.z + d], q[at_q.w + d]));
      t0 += four * together(k[at_k.x + d]);
      t1 += four * together(k[at_k.y + d]);
      t2 += four * together(k[at_k.z + d]);
      t3 += four * together(k[at_k.w + d]);
    }
    t0 = finished(t0, place, j);
    t1 = finished(t1, place, j + 4u);
    t2 = finished(t2, place, j + 8u);
    t3 = finished(t3, place, j + 12u);
    let next = largest_of(t3, largest_of(t2, largest_of(t1, largest_of(t0, largest))));
    let before = power(largest, next);
    largest = next;
    t0 = transpose(powers(t0, next));
    t1 = transpose(powers(t1, next));
    t2 = transpose(powers(t2, next));
    t3 = transpose(powers(t3, next));
    total = total * before + vec4f(1) * (t0 + t1 + t2 + t3);
    for (var d = 0u; d < params.width; d++) {
      var sums = mat4x4f();
      if (j > 0u) {
        sums = mat4x4f(y[at_y.x + d] * before.x, y[at_y.y + d] * before.y, y[at_y.z + d] * before.z, y[at_y.w + d] * before.w);
      }
      sums += together(value(first_v, mine.x, d)) * t0;
      sums += together(value(first_v, mine.y, d)) * t1;
      sums += together(value(first_v, mine.z, d)) * t2;
      sums += together(value(first_v, mine.w, d)) * t3;
      y[at_y.x + d] = sums[0];
      y[at_y.y + d] = sums[1];
      y[at_y.z + d] = sums[2];
      y[at_y.w + d] = sums[3];
    }
  }
  let factor = select(1.0 / total, vec4f(0), total == vec4f(0));
  for (var r = 0u; i + r < min(i + 4u, params.queries); r++) {
    for (var d = 0u; d < params.width; d++) {
      y[at_y[r] + d] *= factor[r];
    }
  }
}
