// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// For CPU adapters: four neighbouring invocations (a quad) compute 16 rows and 32 columns. Each reads every fourth row of
// a and hands it to the other three; no workgroup memory, accumulators in named variables.
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
  let tiles_n = (params.n4 + 7) / 8;
  let tiles_m = (params.m + 15) / 16;
  let z = i / (tiles_n * tiles_m);
  let row = ((i / tiles_n) % tiles_m) * 16;
  let column = (i % tiles_n) * 8 + lane;
  let start = batch_offsets(z);
  let last = params.m - 1;
  let at0 = start.x + min(row + lane, last) * params.k4;
  let at1 = start.x + min(row + 4 + lane, last) * params.k4;
  let at2 = start.x + min(row + 8 + lane, last) * params.k4;
  let at3 = start.x + min(row + 12 + lane, last) * params.k4;
  var left = start.y + min(column, params.n4 - 1);
  var right = start.y + min(column + 4, params.n4 - 1);
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
  for (var k = 0u; k < params.k4; k++) {
    let l0 = b[left];
    let l1 = b[left + params.n4];
    let l2 = b[left + 2 * params.n4];
    let l3 = b[left + 3 * params.n4];
    let r0 = b[right];
    let r1 = b[right + params.n4];
    let r2 = b[right + 2 * params.n4];
    let r3 = b[right + 3 * params.n4];
    left += 4 * params.n4;
    right += 4 * params.n4;
    let v0 = a[at0 + k];
    let v1 = a[at1 + k];
    let v2 = a[at2 + k];
    let v3 = a[at3 + k];
    let a0 = quadBroadcast(v0, 0u);
    c0 += a0.x * l0 + a0.y * l1 + a0.z * l2 + a0.w * l3;
    d0 += a0.x * r0 + a0.y * r1 + a0.z * r2 + a0.w * r3;
    let a1 = quadBroadcast(v0, 1u);
    c1 += a1.x * l0 + a1.y * l1 + a1.z * l2 + a1.w * l3;
    d1 += a1.x * r0 + a1.y * r1 + a1.z * r2 + a1.w * r3;
    let a2 = quadBroadcast(v0, 2u);
    c2 += a2.x * l0 + a2.y * l1 + a2.z * l2 + a2.w * l3;
    d2 += a2.x * r0 + a2.y * r1 + a2.z * r2 + a2.w * r3;
    let a3 = quadBroadcast(v0, 3u);
    c3 += a3.x * l0 + a3.y * l1 + a3.z * l2 + a3.w * l3;
    d3 += a3.x * r0 + a3.y * r1 + a3.z * r2 + a3.w * r3;
    let a4 = quadBroadcast(v1, 0u);
    c4 += a4.x * l0 + a4.y * l1 + a4.z * l2 + a4.w * l3;
    d4 += a4.x * r0 + a4.y * r1 + a4.z * r2 + a4.w * r3;
    let a5 = quadBroadcast(v1, 1u);
    c5 += a5.x * l0 + a5.y * l1 + a5.z * l2 + a5.w * l3;
    d5 += a5.x * r0 + a5.y * r1 + a5.z * r2 + a5.w * r3;
    let a6 = quadBroadcast(v1, 2u);
    c6 += a6.x * l0 + a6.y * l1 + a6.z * l2 + a6.w * l3;
    d6 += a6.x * r0 + a6.y * r1 + a6.z * r2 + a6.w * r3;
    let a7 = quadBroadcast(v1, 3u);
    c7 += a7.x * l0 + a7.y * l1 + a7.z * l2 + a7.w * l3;
    d7 += a7.x * r0 + a7.y * r1 + a7.z * r2 + a7.w * r3;
    let a8 = quadBroadcast(v2, 0u);
    c8 += a8.x * l0 + a8.y * l1 + a8.z * l2 + a8.w * l3;
    d8 += a8.x * r0 + a8.y * r1 + a8.z * r2 + a8.w * r3;
    let a9 = quadBroadcast(v2, 1u);
    c9 += a9.x * l0 + a9.y * l1 + a9.z * l2 + a9.w * l3;
    d9 += a9.x * r0 + a9.y * r1 + a9.z * r2 + a9.w * r3;
    let a10 = quadBroadcast(v2, 2u);
    c10 += a10.x * l0 + a10.y * l1 + a10.z * l2 + a10.w * l3;
    d10 += a10.x * r0 + a10.y * r1 + a10.z * r2 + a10.w * r3;
    let a11 = quadBroadcast(v2, 3u);
    c11 += a11.x * l0 + a11.y * l1 + a11.z * l2 + a11.w * l3;
    d11 += a11.x * r0 + a11.y * r1 + a11.z * r2 + a11.w * r3;
    let a12 = quadBroadcast(v3, 0u);
    c12 += a12.x * l0 + a12.y * l1 + a12.z * l2 + a12.w * l3;
    d12 += a12.x * r0 + a12.y * r1 + a12.z * r2 + a12.w * r3;
    let a13 = quadBroadcast(v3, 1u);
    c13 += a13.x * l0 + a13.y * l1 + a13.z * l2 + a13.w * l3;
    d13 += a13.x * r0 + a13.y * r1 + a13.z * r2 + a13.w * r3;
    let a14 = quadBroadcast(v3, 2u);
    c14 += a14.x * l0 + a14.y * l1 + a14.z * l2 + a14.w * l3;
    d14 += a14.x * r0 + a14.y * r1 + a14.z * r2 + a14.w * r3;
    let a15 = quadBroadcast(v3, 3u);
    c15 += a15.x * l0 + a15.y * l1 + a15.z * l2 + a15.w * l3;
    d15 += a15.x * r0 + a15.y * r1 + a15.z * r2 + a15.w * r3;
  }
  if (quad >= params.count) {
    return;
  }
  finish(z, row, column, c0); finish(z, row, column + 4, d0);
  finish(z, row + 1, column, c1); finish(z, row + 1, column + 4, d1);
  finish(z, row + 2, column, c2); finish(z, row + 2, column + 4, d2);
  finish(z, row + 3, column, c3); finish(z, row + 3, column + 4, d3);
  finish(z, row + 4, column, c4); finish(z, row + 4, column + 4, d4);
  finish(z, row + 5, column, c5); finish(z, row + 5, column + 4, d5);
  finish(z, row + 6, column, c6); finish(z, row + 6, column + 4, d6);
  finish(z, row + 7, column, c7); finish(z, row + 7, column + 4, d7);
  finish(z, row + 8, column, c8); finish(z, row + 8, column + 4, d8);
  finish(z, row + 9, column, c9); finish(z, row + 9, column + 4, d9);
  finish(z, row + 10, column, c10); finish(z, row + 10, column + 4, d10);
  finish(z, row + 11, column, c11); finish(z, row + 11, column + 4, d11);
  finish(z, row + 12, column, c12); finish(z, row + 12, column + 4, d12);
  finish(z, row + 13, column, c13); finish(z, row + 13, column + 4, d13);
  finish(z, row + 14, column, c14); finish(z, row + 14, column + 4, d14);
  finish(z, row + 15, column, c15); finish(z, row + 15, column + 4, d15);
}
