// y[m, n] = epilogue(bias[n] + sum over blocks of k of (sum of a[m, k] * (b[n, k] - zero[n, block]) * scale[n, block]))
// a: row-major [M, K]; y: [M, N]; bias: [N]. b: [blocks, words of a block, b4] of four columns, 32 / BITS elements of each, lowest first.
// scale, zero (2^(BITS - 1) where there is none to read): [blocks, b4] of four columns.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
// For CPU adapters: four neighbouring invocations (a quad) compute 16 rows and 32 columns. Each reads every fourth row of a and hands
// it to the other three; no workgroup memory, accumulators in named variables. A workgroup is a quad.
enable subgroups;
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
override HAS_BIAS: bool = true;
override HAS_ZERO: bool = true;
const PARTS = 8u / BITS; // of a word, of four elements
// Elements of a part are taken where they stand, times 2^(BITS * i): a CPU adapter has no fast shift.
const MASKS = bitcast<vec4i>(vec4u((1u << BITS) - 1u) << (BITS * vec4u(0, 1, 2, 3)));
const SHRINK = 1.0 / vec4f(vec4u(1) << (BITS * vec4u(0, 1, 2, 3)));

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

// The highest elements of four parts, where they stand. Those at the top of a word are made signed, and that made up for.
fn highest(i: vec4i) -> vec4f {
  if (BITS == 8u) {
    return vec4f((i & vec4i(MASKS.w)) ^ bitcast<vec4i>(vec4u(0x80000000u))) + 2147483648.0;
  }
  return vec4f(i & vec4i(MASKS.w));
}

// Four elements of four columns, those that stand lowest in each word, times the scale and less the offset.
fn weights(words: vec4u, s: vec4f, t: vec4f) -> mat4x4f {
  let i = bitcast<vec4i>(words);
  return mat4x4f(
    vec4f(i & vec4i(MASKS.x)) * s - t,
    vec4f(i & vec4i(MASKS.y)) * (s * SHRINK.y) - t,
    vec4f(i & vec4i(MASKS.z)) * (s * SHRINK.z) - t,
    highest(i) * (s * SHRINK.w) - t,
  );
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y + group.z * groups.y) * 16u;
  if (first >= params.m) {
    return;
  }
  let column = 2u * (group.x * 4u + lane);
  let from_column = min(column, params.b4 - 2u);
  let last = params.m - 1u;
  let row0 = min(first + lane, last);
  let row1 = min(first + lane + 4u, last);
  let row2 = min(first + lane + 8u, last);
  let row3 = min(first + lane + 12u, last);
  var c0 = vec4f(); var d0 = vec4f();
  var c1 = vec4f(); var d1 = vec4f();
  var c2 = vec4f(); var d2 = vec4f();
  var c3 = vec4f(); var d3 = vec4f();
  var c4 = vec4f(); var d4 = vec4f();
  var c5 = vec4f(); var d5 = vec4f();
  var c6 = vec4f(); var d6 = vec4f();
  var c7 = vec4f(); var d7 = vec4f();
  var c8 = vec4f(); var d8 = vec4f();
  var c9 = vec4f(); var d9 = vec4f();
  var c10 = vec4f(); var d10 = vec4f();
  var c11 = vec4f(); var d11 = vec4f();
  var c12 = vec4f(); var d12 = vec4f();
  var c13 = vec4f(); var d13 = vec4f();
  var c14 = vec4f(); var d14 = vec4f();
  var c15 = vec4f(); var d15 = vec4f();
  var k = 0u;
  var at = from_column;
  for (var block = 0u; block < params.blocks; block++) {
    let at_scale = block * params.b4 + from_column;
    let s0 = scale[at_scale];
    let s1 = scale[at_scale + 1u];
    let t0 = offset_at(at_scale, s0);
    let t1 = offset_at(at_scale + 1u, s1);
    for (var step = 0u; step < params.words * PARTS; step++) {
      let part = vec4u(step % PARTS * 4u * BITS);
      let m0 = weights(b[at] >> part, s0, t0);
      let m1 = weights(b[at + 1u] >> part, s1, t1);
      at += select(0u, params.b4, step % PARTS == PARTS - 1u);
      let v0 = load(row0, k);
      let v1 = load(row1, k);
      let v2 = load(row2, k);
      let v3 = load(row3, k);
      k++;
      let a0 = quadBroadcast(v0, 0u); c0 += m0 * a0; d0 += m1 * a0;
      let a1 = quadBroadcast(v0, 1u); c1 += m0 * a1; d1 += m1 * a1;
      let a2 = quadBroadcast(v0, 2u); c2 += m0 * a2; d2 += m1 * a2;
      let a3 = quadBroadcast(v0, 3u); c3 += m0 * a3; d3 += m1 * a3;
      let a4 = quadBroadcast(v1, 0u); c4 += m0 * a4; d4 += m1 * a4;
      let a5 = quadBroadcast(v1, 1u); c5 += m0 * a5; d5 += m1 * a5;
      let a6 = quadBroadcast(v1, 2u); c6 += m0 * a6; d6 += m1 * a6;
      let a7 = quadBroadcast(v1, 3u); c7 += m0 * a7; d7 += m1 * a7;
      let a8 = quadBroadcast(v2, 0u); c8 += m0 * a8; d8 += m1 * a8;
      let a9 = quadBroadcast(v2, 1u); c9 += m0 * a9; d9 += m1 * a9;
      let a10 = quadBroadcast(v2, 2u); c10 += m0 * a10; d10 += m1 * a10;
      let a11 = quadBroadcast(v2, 3u); c11 += m0 * a11; d11 += m1 * a11;
      let a12 = quadBroadcast(v3, 0u); c12 += m0 * a12; d12 += m1 * a12;
      let a13 = quadBroadcast(v3, 1u); c13 += m0 * a13; d13 += m1 * a13;
      let a14 = quadBroadcast(v3, 2u); c14 += m0 * a14; d14 += m1 * a14;
      let a15 = quadBroadcast(v3, 3u); c15 += m0 * a15; d15 += m1 * a15;
    }
  }
  finish(first + 0u, column, c0); finish(first + 0u, column + 1u, d0);
  finish(first + 1u, column, c1); finish(first + 1u, column + 1u, d1);
  finish(first + 2u, column, c2); finish(first + 2u, column + 1u, d2);
  finish(first + 3u, column, c3); finish(first + 3u, column + 1u, d3);
  finish(first + 4u, column, c4); finish(first + 4u, column + 1u, d4);
  finish(first + 5u, column, c5); finish(first + 5u, column + 1u, d5);
  finish(first + 6u, column, c6); finish(first + 6u, column + 1u, d6);
  finish(first + 7u, column, c7); finish(first + 7u, column + 1u, d7);
  finish(first + 8u, column, c8); finish(first + 8u, column + 1u, d8);
  finish(first + 9u, column, c9); finish(first + 9u, column + 1u, d9);
  finish(first + 10u, column, c10); finish(first + 10u, column + 1u, d10);
  finish(first + 11u, column, c11); finish(first + 11u, column + 1u, d11);
  finish(first + 12u, column, c12); finish(first + 12u, column + 1u, d12);
  finish(first + 13u, column, c13); finish(first + 13u, column + 1u, d13);
  finish(first + 14u, column, c14); finish(first + 14u, column + 1u, d14);
  finish(first + 15u, column, c15); finish(first + 15u, column + 1u, d15);
}
