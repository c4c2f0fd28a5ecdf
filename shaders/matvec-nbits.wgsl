// y[m, n] = epilogue(bias[n] + sum over blocks of k of (sum of a[m, k] * (b[n, k] - zero[n, block]) * scale[n, block]))
// a: row-major [M, K]; y: [M, N]; bias: [N]. b: [blocks, words of a block, b4] of four columns, 32 / BITS elements of each, lowest first.
// scale, zero (2^(BITS - 1) where there is none to read): [blocks, b4] of four columns.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
// Few rows: an invocation computes 16 columns of a row, or with several SLICES every so-manieth block of their sums.
struct Params {
  m: u32,
  n: u32,
  n4: u32, // vec4s of columns
  b4: u32, // the same in b, padded
  k: u32,
  k4: u32,
  blocks: u32,
  words: u32, // of a block
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<InputElem>;
@group(0) @binding(2) var<storage, read> b: array<vec4u>;
@group(0) @binding(3) var<storage, read> scale: array<vec4f>;
@group(0) @binding(4) var<storage, read> zero: array<vec4f>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> extra_a: array<Out>;
@group(0) @binding(7) var<storage, read> extra_b: array<Out>;
@group(0) @binding(8) var<storage, read_write> y: array<Out>;

alias Elem = vec4f;
alias InputElem = vec4f; // f32 where K is no multiple of 4
alias Out = f32; // vec4f where N is a multiple of 4
const UNIT: u32 = 1; // scalars in an Out
const BITS = 4u; // or 2, 8
override COLUMNS: u32 = 16; // invocations side by side
override SLICES: u32 = 1; // a power of two
override HAS_BIAS: bool = true;
override HAS_ZERO: bool = true;
// Elements are taken out of a word where they stand, and what they are multiplied with is shrunk in turn: a shift costs more.
const LOW = (1u << BITS) - 1u;
const STEPS = BITS * vec4u(0, 1, 2, 3);
const MASKS = bitcast<vec4i>(vec4u(LOW) << STEPS);
const MASKS_1 = bitcast<vec4i>(vec4u(LOW) << ((STEPS + 4u * BITS) % 32u));
const MASKS_2 = bitcast<vec4i>(vec4u(LOW) << ((STEPS + 8u * BITS) % 32u));
const MASKS_3 = bitcast<vec4i>(vec4u(LOW) << ((STEPS + 12u * BITS) % 32u));
const SHRINK = 1.0 / vec4f(vec4u(1) << STEPS);
const SHRINK_1 = 1.0 / vec4f(vec4u(1) << ((STEPS + 4u * BITS) % 32u));
const SHRINK_2 = 1.0 / vec4f(vec4u(1) << ((STEPS + 8u * BITS) % 32u));
const SHRINK_3 = 1.0 / vec4f(vec4u(1) << ((STEPS + 12u * BITS) % 32u));
// The highest element of a word is read as a signed number, so with its own highest bit flipped: less by so much.
const TOP = f32(1u << (BITS - 1u));

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn store(at: u32, left: u32, v: Elem) -> bool { y[at] = v.x; if (left > 1) { y[at + 1] = v.y; } if (left > 2) { y[at + 2] = v.z; } if (left > 3) { y[at + 3] = v.w; } return true; }
// Four neighbours of k in a row; 0 beyond the last.
fn load(row: u32, k: u32) -> vec4f { return select(vec4f(), a[row * params.k4 + min(k, params.k4 - 1u)], k < params.k4); }

// The zero points times their scales.
fn offset_at(at: u32, s: vec4f) -> vec4f {
  if (HAS_ZERO) {
    return s * zero[at];
  }
  return s * f32(1u << (BITS - 1u));
}

fn finish(row: u32, column4: u32, sum: vec4f) {
  if (row >= params.m || column4 >= params.n4) {
    return;
  }
  let column = 4u * column4;
  var v = sum;
  if (HAS_BIAS) {
    let last = params.n - 1u;
    v += vec4f(bias[column], bias[min(column + 1u, last)], bias[min(column + 2u, last)], bias[min(column + 3u, last)]);
  }
  let at = row * params.n + column;
  store(at, params.n - column, epilogue(v, at / UNIT, column / UNIT));
}

var<workgroup> partials: array<vec4f, 4 * COLUMNS * SLICES>;

// For four words the sum of four elements of a times those under the masks.
fn masked(words: vec4i, masks: vec4i, v: vec4f) -> vec4f {
  return vec4f(
    dot(vec4f(vec4i(words.x) & masks), v),
    dot(vec4f(vec4i(words.y) & masks), v),
    dot(vec4f(vec4i(words.z) & masks), v),
    dot(vec4f(vec4i(words.w) & masks), v),
  );
}

// For the words of four columns the sum of all their elements times those of a, shrunk.
fn products(words: vec4u, v0: vec4f, v1: vec4f, v2: vec4f, v3: vec4f) -> vec4f {
  let flipped = bitcast<vec4i>(words ^ vec4u(0x80000000u));
  var sum = masked(flipped, MASKS, v0);
  if (BITS < 8u) {
    sum += masked(flipped, MASKS_1, v1);
  }
  if (BITS < 4u) {
    sum += masked(flipped, MASKS_2, v2) + masked(flipped, MASKS_3, v3);
  }
  return sum;
}

// The sum of a block, of the elements as they stand, with its scale and without its zero point.
fn scaled(v: vec4f, sum: f32, at: u32) -> vec4f {
  let s = scale[at];
  return s * v - sum * offset_at(at, s);
}

@compute @workgroup_size(COLUMNS, SLICES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y + group.z * groups.y;
  let column = 4u * (group.x * COLUMNS + local.x);
  let from_column = min(column, params.b4 - 4u);
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  for (var block = local.y; block < params.blocks; block += SLICES) {
    var p0 = vec4f();
    var p1 = vec4f();
    var p2 = vec4f();
    var p3 = vec4f();
    var sums = vec4f();
    var tops = 0.0;
    var at = block * params.words * params.b4 + from_column;
    var k = block * params.words * (8u / BITS);
    for (var w = 0u; w < params.words; w++) {
      let v0 = load(row, k);
      var v1 = vec4f();
      var v2 = vec4f();
      var v3 = v0;
      sums += v0;
      if (BITS < 8u) {
        v1 = load(row, k + 1u);
        v3 = v1;
        sums += v1;
      }
      if (BITS < 4u) {
        v2 = load(row, k + 2u);
        v3 = load(row, k + 3u);
        sums += v2 + v3;
      }
      tops += v3.w;
      let s0 = v0 * SHRINK;
      let s1 = v1 * SHRINK_1;
      let s2 = v2 * SHRINK_2;
      let s3 = v3 * SHRINK_3;
      // One word of columns after the other: few values are alive at a time.
      p0 += products(b[at + 0u], s0, s1, s2, s3);
      p1 += products(b[at + 1u], s0, s1, s2, s3);
      p2 += products(b[at + 2u], s0, s1, s2, s3);
      p3 += products(b[at + 3u], s0, s1, s2, s3);
      at += params.b4;
      k += 8u / BITS;
    }
    let sum = sums.x + sums.y + sums.z + sums.w;
    let top = TOP * tops;
    let at_scale = block * params.b4 + from_column;
    y0 += scaled(p0 + top, sum, at_scale + 0u);
    y1 += scaled(p1 + top, sum, at_scale + 1u);
    y2 += scaled(p2 + top, sum, at_scale + 2u);
    y3 += scaled(p3 + top, sum, at_scale + 3u);
  }
  if (SLICES > 1u) {
    partials[4u * lane + 0u] = y0;
    partials[4u * lane + 1u] = y1;
    partials[4u * lane + 2u] = y2;
    partials[4u * lane + 3u] = y3;
    for (var width = SLICES / 2u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (local.y < width) {
        for (var i = 0u; i < 4u; i++) {
          partials[4u * lane + i] += partials[4u * (lane + width * COLUMNS) + i];
        }
      }
    }
    y0 = partials[4u * lane + 0u];
    y1 = partials[4u * lane + 1u];
    y2 = partials[4u * lane + 2u];
    y3 = partials[4u * lane + 3u];
  }
  if (local.y == 0u) {
    finish(row, column + 0u, y0);
    finish(row, column + 1u, y1);
    finish(row, column + 2u, y2);
    finish(row, column + 3u, y3);
  }
}
