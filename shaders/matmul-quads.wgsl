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
    let l = mat4x4f(b[left], b[left + params.n4], b[left + 2 * params.n4], b[left + 3 * params.n4]);
    let r = mat4x4f(b[right], b[right + params.n4], b[right + 2 * params.n4], b[right + 3 * params.n4]);
    left += 4 * params.n4;
    right += 4 * params.n4;
    let v0 = a[at0 + k];
    let v1 = a[at1 + k];
    let v2 = a[at2 + k];
    let v3 = a[at3 + k];
    let a0 = quadBroadcast(v0, 0u);
    c0 += l * a0;
    d0 += r * a0;
    let a1 = quadBroadcast(v0, 1u);
    c1 += l * a1;
    d1 += r * a1;
    let a2 = quadBroadcast(v0, 2u);
    c2 += l * a2;
    d2 += r * a2;
    let a3 = quadBroadcast(v0, 3u);
    c3 += l * a3;
    d3 += r * a3;
    let a4 = quadBroadcast(v1, 0u);
    c4 += l * a4;
    d4 += r * a4;
    let a5 = quadBroadcast(v1, 1u);
    c5 += l * a5;
    d5 += r * a5;
    let a6 = quadBroadcast(v1, 2u);
    c6 += l * a6;
    d6 += r * a6;
    let a7 = quadBroadcast(v1, 3u);
    c7 += l * a7;
    d7 += r * a7;
    let a8 = quadBroadcast(v2, 0u);
    c8 += l * a8;
    d8 += r * a8;
    let a9 = quadBroadcast(v2, 1u);
    c9 += l * a9;
    d9 += r * a9;
    let a10 = quadBroadcast(v2, 2u);
    c10 += l * a10;
    d10 += r * a10;
    let a11 = quadBroadcast(v2, 3u);
    c11 += l * a11;
    d11 += r * a11;
    let a12 = quadBroadcast(v3, 0u);
    c12 += l * a12;
    d12 += r * a12;
    let a13 = quadBroadcast(v3, 1u);
    c13 += l * a13;
    d13 += r * a13;
    let a14 = quadBroadcast(v3, 2u);
    c14 += l * a14;
    d14 += r * a14;
    let a15 = quadBroadcast(v3, 3u);
    c15 += l * a15;
    d15 += r * a15;
  }
  if (quad >= params.count) {
    return;
  }
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(
    c0, d0, c1, d1,
    c2, d2, c3, d3,
    c4, d4, c5, d5,
    c6, d6, c7, d7,
    c8, d8, c9, d9,
    c10, d10, c11, d11,
    c12, d12, c13, d13,
    c14, d14, c15, d15,
  );
  for (var j = 0u; j < 32; j++) {
    finish(z, row + j / 2, column + 4 * (j % 2), sums[j]);
  }
}
