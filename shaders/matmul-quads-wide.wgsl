// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// For large products on CPU adapters: four neighbouring invocations (a quad) compute 16 rows and 64 columns. Each reads every
// fourth row of a and hands it to the other three; no workgroup memory, accumulators in named variables.
// Invocations 4i to 4i + 3 of a workgroup must be a quad.
enable subgroups;

// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // quads in all
  bias_row: u32,
  bias_column: u32,
  alpha: f32,
  beta: f32,
  batch_rank: u32,
  batch_shape: array<vec4u, 2>, // innermost first
  a_batch: array<vec4u, 2>,
  b_batch: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Out>;
@group(0) @binding(5) var<storage, read> extra_b: array<Out>;
@group(0) @binding(6) var<storage, read_write> y: array<Out>;

alias Elem = vec4f;
alias Out = f32; // vec4f where N is a multiple of 4
const UNIT: u32 = 1; // scalars in an Out
override WORKGROUP_SIZE: u32 = 16; // a multiple of 4
override HAS_BIAS: bool = false;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn store(at: u32, left: u32, v: Elem) -> bool { y[at] = v.x; if (left > 1) { y[at + 1] = v.y; } if (left > 2) { y[at + 2] = v.z; } if (left > 3) { y[at + 3] = v.w; } return true; }

fn batch_offsets(z: u32) -> vec2u {
  var rest = z;
  var offsets = vec2u();
  for (var i = 0u; i < params.batch_rank; i++) {
    let extent = params.batch_shape[i / 4][i % 4];
    offsets += (rest % extent) * vec2u(params.a_batch[i / 4][i % 4], params.b_batch[i / 4][i % 4]);
    rest /= extent;
  }
  return offsets;
}

fn finish(z: u32, row: u32, column4: u32, sum: vec4f) {
  if (row >= params.m || column4 >= params.n4) {
    return;
  }
  let column = 4 * column4;
  var v = params.alpha * sum;
  if (HAS_BIAS) {
    let at = row * params.bias_row + column * params.bias_column;
    let step = params.bias_column;
    v += params.beta * vec4f(bias[at], bias[at + step], bias[at + 2 * step], bias[at + 3 * step]);
  }
  let at_y = (z * params.m + row) * params.n + column;
  store(at_y, params.n - column, epilogue(v, at_y / UNIT, column / UNIT));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = id.x % 4;
  // Quads beyond the last repeat its work, so that all reach the broadcasts.
  let quad = (id.x + id.y * groups.x * WORKGROUP_SIZE) / 4;
  let i = min(quad, params.count - 1);
  let tiles_n = (params.n4 + 15) / 16;
  let tiles_m = (params.m + 15) / 16;
  let z = i / (tiles_n * tiles_m);
  let row = ((i / tiles_n) % tiles_m) * 16;
  let column = (i % tiles_n) * 16 + lane;
  let start = batch_offsets(z);
  let last = params.m - 1;
  let at0 = start.x + min(row + lane, last) * params.k4;
  let at1 = start.x + min(row + 4 + lane, last) * params.k4;
  let at2 = start.x + min(row + 8 + lane, last) * params.k4;
  let at3 = start.x + min(row + 12 + lane, last) * params.k4;
  var at_b0 = start.y + min(column + 0, params.n4 - 1);
  var at_b1 = start.y + min(column + 4, params.n4 - 1);
  var at_b2 = start.y + min(column + 8, params.n4 - 1);
  var at_b3 = start.y + min(column + 12, params.n4 - 1);
  var c0 = vec4f(); var d0 = vec4f(); var e0 = vec4f(); var f0 = vec4f();
  var c1 = vec4f(); var d1 = vec4f(); var e1 = vec4f(); var f1 = vec4f();
  var c2 = vec4f(); var d2 = vec4f(); var e2 = vec4f(); var f2 = vec4f();
  var c3 = vec4f(); var d3 = vec4f(); var e3 = vec4f(); var f3 = vec4f();
  var c4 = vec4f(); var d4 = vec4f(); var e4 = vec4f(); var f4 = vec4f();
  var c5 = vec4f(); var d5 = vec4f(); var e5 = vec4f(); var f5 = vec4f();
  var c6 = vec4f(); var d6 = vec4f(); var e6 = vec4f(); var f6 = vec4f();
  var c7 = vec4f(); var d7 = vec4f(); var e7 = vec4f(); var f7 = vec4f();
  var c8 = vec4f(); var d8 = vec4f(); var e8 = vec4f(); var f8 = vec4f();
  var c9 = vec4f(); var d9 = vec4f(); var e9 = vec4f(); var f9 = vec4f();
  var c10 = vec4f(); var d10 = vec4f(); var e10 = vec4f(); var f10 = vec4f();
  var c11 = vec4f(); var d11 = vec4f(); var e11 = vec4f(); var f11 = vec4f();
  var c12 = vec4f(); var d12 = vec4f(); var e12 = vec4f(); var f12 = vec4f();
  var c13 = vec4f(); var d13 = vec4f(); var e13 = vec4f(); var f13 = vec4f();
  var c14 = vec4f(); var d14 = vec4f(); var e14 = vec4f(); var f14 = vec4f();
  var c15 = vec4f(); var d15 = vec4f(); var e15 = vec4f(); var f15 = vec4f();
  for (var k = 0u; k < params.k4; k++) {
    let m0 = mat4x4f(b[at_b0], b[at_b0 + params.n4], b[at_b0 + 2 * params.n4], b[at_b0 + 3 * params.n4]);
    at_b0 += 4 * params.n4;
    let m1 = mat4x4f(b[at_b1], b[at_b1 + params.n4], b[at_b1 + 2 * params.n4], b[at_b1 + 3 * params.n4]);
    at_b1 += 4 * params.n4;
    let m2 = mat4x4f(b[at_b2], b[at_b2 + params.n4], b[at_b2 + 2 * params.n4], b[at_b2 + 3 * params.n4]);
    at_b2 += 4 * params.n4;
    let m3 = mat4x4f(b[at_b3], b[at_b3 + params.n4], b[at_b3 + 2 * params.n4], b[at_b3 + 3 * params.n4]);
    at_b3 += 4 * params.n4;
    let v0 = a[at0 + k];
    let v1 = a[at1 + k];
    let v2 = a[at2 + k];
    let v3 = a[at3 + k];
    let a0 = quadBroadcast(v0, 0u);
    c0 += m0 * a0;
    d0 += m1 * a0;
    e0 += m2 * a0;
    f0 += m3 * a0;
    let a1 = quadBroadcast(v0, 1u);
    c1 += m0 * a1;
    d1 += m1 * a1;
    e1 += m2 * a1;
    f1 += m3 * a1;
    let a2 = quadBroadcast(v0, 2u);
    c2 += m0 * a2;
    d2 += m1 * a2;
    e2 += m2 * a2;
    f2 += m3 * a2;
    let a3 = quadBroadcast(v0, 3u);
    c3 += m0 * a3;
    d3 += m1 * a3;
    e3 += m2 * a3;
    f3 += m3 * a3;
    let a4 = quadBroadcast(v1, 0u);
    c4 += m0 * a4;
    d4 += m1 * a4;
    e4 += m2 * a4;
    f4 += m3 * a4;
    let a5 = quadBroadcast(v1, 1u);
    c5 += m0 * a5;
    d5 += m1 * a5;
    e5 += m2 * a5;
    f5 += m3 * a5;
    let a6 = quadBroadcast(v1, 2u);
    c6 += m0 * a6;
    d6 += m1 * a6;
    e6 += m2 * a6;
    f6 += m3 * a6;
    let a7 = quadBroadcast(v1, 3u);
    c7 += m0 * a7;
    d7 += m1 * a7;
    e7 += m2 * a7;
    f7 += m3 * a7;
    let a8 = quadBroadcast(v2, 0u);
    c8 += m0 * a8;
    d8 += m1 * a8;
    e8 += m2 * a8;
    f8 += m3 * a8;
    let a9 = quadBroadcast(v2, 1u);
    c9 += m0 * a9;
    d9 += m1 * a9;
    e9 += m2 * a9;
    f9 += m3 * a9;
    let a10 = quadBroadcast(v2, 2u);
    c10 += m0 * a10;
    d10 += m1 * a10;
    e10 += m2 * a10;
    f10 += m3 * a10;
    let a11 = quadBroadcast(v2, 3u);
    c11 += m0 * a11;
    d11 += m1 * a11;
    e11 += m2 * a11;
    f11 += m3 * a11;
    let a12 = quadBroadcast(v3, 0u);
    c12 += m0 * a12;
    d12 += m1 * a12;
    e12 += m2 * a12;
    f12 += m3 * a12;
    let a13 = quadBroadcast(v3, 1u);
    c13 += m0 * a13;
    d13 += m1 * a13;
    e13 += m2 * a13;
    f13 += m3 * a13;
    let a14 = quadBroadcast(v3, 2u);
    c14 += m0 * a14;
    d14 += m1 * a14;
    e14 += m2 * a14;
    f14 += m3 * a14;
    let a15 = quadBroadcast(v3, 3u);
    c15 += m0 * a15;
    d15 += m1 * a15;
    e15 += m2 * a15;
    f15 += m3 * a15;
  }
  if (quad >= params.count) {
    return;
  }
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(
    c0, d0, e0, f0,
    c1, d1, e1, f1,
    c2, d2, e2, f2,
    c3, d3, e3, f3,
    c4, d4, e4, f4,
    c5, d5, e5, f5,
    c6, d6, e6, f6,
    c7, d7, e7, f7,
    c8, d8, e8, f8,
    c9, d9, e9, f9,
    c10, d10, e10, f10,
    c11, d11, e11, f11,
    c12, d12, e12, f12,
    c13, d13, e13, f13,
    c14, d14, e14, f14,
    c15, d15, e15, f15,
  );
  for (var j = 0u; j < 64; j++) {
    finish(z, row + j / 4, column + 4 * (j % 4), sums[j]);
  }
}
