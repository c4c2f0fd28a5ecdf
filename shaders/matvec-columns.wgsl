// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// For CPU adapters: an invocation computes one row and 4 columns, with no workgroup memory.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // vec4s of y
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
override WORKGROUP_SIZE: u32 = 64;
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
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let column = i % params.n4;
  let row = (i / params.n4) % params.m;
  let z = i / (params.n4 * params.m);
  let start = batch_offsets(z);
  let row_a = start.x + row * params.k4;
  var at = start.y + column;
  var sum = vec4f();
  for (var k = 0u; k < params.k4; k++) {
    let v = a[row_a + k];
    sum += v.x * b[at] + v.y * b[at + params.n4] + v.z * b[at + 2 * params.n4] + v.w * b[at + 3 * params.n4];
    at += 4 * params.n4;
  }
  finish(z, row, column, sum);
}
