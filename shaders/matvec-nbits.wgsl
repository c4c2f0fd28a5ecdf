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
const LOW = i32((1u << BITS) - 1u);
// Elements of a quarter of a word (or half, or all of it) are taken where they stand: all but the last times 2^(BITS * i).
const UPPER_SHRINK = vec4f(1.0 / 65536.0, 1.0 / 1048576.0, 1.0 / 16777216.0, 1.0);
const SHRINK = vec4f(1.0, 1.0 / f32(1u << BITS), 1.0 / f32(1u << (2u * BITS)), 1.0);

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

// The sum of four elements of a (shrunk) times those of four columns that stand lowest in each word.
fn products(v: vec4f, words: vec4u) -> vec4f {
  let i = bitcast<vec4i>(words);
  let top = bitcast<vec4i>(words >> vec4u(3u * BITS));
  return v.x * vec4f(i & vec4i(LOW)) + v.y * vec4f(i & vec4i(LOW << BITS)) + v.z * vec4f(i & vec4i(LOW << (2u * BITS)))
    + v.w * vec4f(top & vec4i(LOW));
}

// The same for elements of 4 bits that stand highest.
fn upper_products(v: vec4f, words: vec4u) -> vec4f {
  let i = bitcast<vec4i>(words);
  let s = v * UPPER_SHRINK;
  return s.x * vec4f(i & vec4i(0xf0000)) + s.y * vec4f(i & vec4i(0xf00000)) + s.z * vec4f(i & vec4i(0xf000000))
    + s.w * vec4f(bitcast<vec4i>(words >> vec4u(28u)));
}

// The same for the three upper parts of words of elements of 2 bits.
fn further_products(v1: vec4f, v2: vec4f, v3: vec4f, words: vec4u) -> vec4f {
  return products(v1 * SHRINK, words >> vec4u(8u)) + products(v2 * SHRINK, words >> vec4u(16u))
    + products(v3 * SHRINK, words >> vec4u(24u));
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
    var at = block * params.words * params.b4 + from_column;
    var k = block * params.words * (8u / BITS);
    for (var w = 0u; w < params.words; w++) {
      let w0 = b[at + 0u];
      let w1 = b[at + 1u];
      let w2 = b[at + 2u];
      let w3 = b[at + 3u];
      at += params.b4;
      let v0 = load(row, k);
      sums += v0;
      p0 += products(v0 * SHRINK, w0);
      p1 += products(v0 * SHRINK, w1);
      p2 += products(v0 * SHRINK, w2);
      p3 += products(v0 * SHRINK, w3);
      if (BITS == 4u) {
        let v1 = load(row, k + 1u);
        sums += v1;
        p0 += upper_products(v1, w0);
        p1 += upper_products(v1, w1);
        p2 += upper_products(v1, w2);
        p3 += upper_products(v1, w3);
      }
      if (BITS == 2u) {
        let v1 = load(row, k + 1u);
        let v2 = load(row, k + 2u);
        let v3 = load(row, k + 3u);
        sums += v1 + v2 + v3;
        p0 += further_products(v1, v2, v3, w0);
        p1 += further_products(v1, v2, v3, w1);
        p2 += further_products(v1, v2, v3, w2);
        p3 += further_products(v1, v2, v3, w3);
      }
      k += 8u / BITS;
    }
    let sum = sums.x + sums.y + sums.z + sums.w;
    let at_scale = block * params.b4 + from_column;
    y0 += scaled(p0, sum, at_scale + 0u);
    y1 += scaled(p1, sum, at_scale + 1u);
    y2 += scaled(p2, sum, at_scale + 2u);
    y3 += scaled(p3, sum, at_scale + 3u);
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
