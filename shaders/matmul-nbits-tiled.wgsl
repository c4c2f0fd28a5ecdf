// y[m, n] = epilogue(bias[n] + sum over blocks of k of (sum of a[m, k] * (b[n, k] - zero[n, block]) * scale[n, block]))
// a: row-major [M, K]; y: [M, N]; bias: [N]. b: [blocks, words of a block, b4] of four columns, 32 / BITS elements of each, lowest first.
// scale, zero (2^(BITS - 1) where there is none to read): [blocks, b4] of four columns.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
// A workgroup computes 32 rows and 64 columns, an invocation 4 by 4; it steps through k by TILE_K, a part of a block.
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
const TILE_K = 16u;
const ROWS = 8u; // vec4s of rows in a tile
const COLUMNS = 16u; // vec4s of columns
override HAS_BIAS: bool = true;
override HAS_ZERO: bool = true;
const LOW = i32((1u << BITS) - 1u);
// Elements of a quarter of a word (or half, or all of it) are taken where they stand: all but the last times 2^(BITS * i).
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

// Four elements of four columns, those that stand lowest in each word, times the scale and less the offset.
fn weights(words: vec4u, s: vec4f, t: vec4f) -> mat4x4f {
  let i = bitcast<vec4i>(words);
  let top = bitcast<vec4i>(words >> vec4u(3u * BITS));
  return mat4x4f(
    vec4f(i & vec4i(LOW)) * s - t,
    vec4f(i & vec4i(LOW << BITS)) * (s * SHRINK.y) - t,
    vec4f(i & vec4i(LOW << (2u * BITS))) * (s * SHRINK.z) - t,
    vec4f(top & vec4i(LOW)) * s - t,
  );
}

// [TILE_K, ROWS] and [TILE_K, COLUMNS]
var<workgroup> tile_a: array<vec4f, TILE_K * ROWS>;
var<workgroup> tile_b: array<vec4f, TILE_K * COLUMNS>;

// Four rows by four k at a time, turned around.
fn fill_a(first_row: u32, first_k: u32, lane: u32) {
  if (lane < ROWS * TILE_K / 4u) {
    let row = first_row + 4u * (lane / (TILE_K / 4u));
    let k = lane % (TILE_K / 4u);
    let last = params.m - 1u;
    let block = transpose(mat4x4f(
      load(min(row, last), first_k + k),
      load(min(row + 1u, last), first_k + k),
      load(min(row + 2u, last), first_k + k),
      load(min(row + 3u, last), first_k + k),
    ));
    let to = 4u * k * ROWS + lane / (TILE_K / 4u);
    tile_a[to] = block[0];
    tile_a[to + ROWS] = block[1];
    tile_a[to + 2u * ROWS] = block[2];
    tile_a[to + 3u * ROWS] = block[3];
  }
}

// Four k of four columns at a time.
fn fill_b(first_column: u32, first_k: u32, lane: u32) {
  for (var i = lane; i < COLUMNS * TILE_K / 4u; i += ROWS * COLUMNS) {
    let column = min(first_column + i % COLUMNS, params.b4 - 1u);
    let k = first_k + i / COLUMNS;
    let word = k / (8u / BITS);
    let block = word / params.words;
    let s = scale[block * params.b4 + column];
    let words = b[word * params.b4 + column] >> vec4u(k % (8u / BITS) * 4u * BITS);
    let m = weights(words, s, offset_at(block * params.b4 + column, s));
    let to = 4u * (i / COLUMNS) * COLUMNS + i % COLUMNS;
    tile_b[to] = m[0];
    tile_b[to + COLUMNS] = m[1];
    tile_b[to + 2u * COLUMNS] = m[2];
    tile_b[to + 3u * COLUMNS] = m[3];
  }
}

@compute @workgroup_size(COLUMNS, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_row = (group.y + group.z * groups.y) * 4u * ROWS;
  let first_column = group.x * COLUMNS;
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  for (var k = 0u; k < params.blocks * params.words * (8u / BITS); k += TILE_K / 4u) {
    fill_a(first_row, k, lane);
    fill_b(first_column, k, lane);
    workgroupBarrier();
    for (var i = 0u; i < TILE_K; i++) {
      let v = tile_a[i * ROWS + local.y];
      let w = tile_b[i * COLUMNS + local.x];
      c0 += v.x * w;
      c1 += v.y * w;
      c2 += v.z * w;
      c3 += v.w * w;
    }
    workgroupBarrier();
  }
  let row = first_row + 4u * local.y;
  let column = first_column + local.x;
  finish(row, column, c0);
  finish(row + 1u, column, c1);
  finish(row + 2u, column, c2);
  finish(row + 3u, column, c3);
}
