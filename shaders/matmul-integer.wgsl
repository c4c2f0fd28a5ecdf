// y[z, m, n] = finish(bias[m, n] + sum over k of (a[z, m, k] - a_zero[m]) * (b[z, k, n] - b_zero[n]), multiplier[m, n])
// a: the element at (z, m, k) is at its batch offset + m * a_row + k * a_column; b alike with (k, n).
// a_zero, b_zero, bias, multiplier: by strides that are 0 where all share one. y: row-major [Z, M, N].
struct Params {
  count: u32, // elements of y
  m: u32,
  n: u32,
  k: u32,
  a_row: u32,
  a_column: u32,
  b_row: u32,
  b_column: u32,
  a_zero_row: u32,
  b_zero_column: u32,
  bias_row: u32,
  bias_column: u32,
  multiplier_row: u32,
  multiplier_column: u32,
  low: i32,
  high: i32,
  zero: i32,
  batch_rank: u32,
  batch_shape: array<vec4u, 2>, // innermost first
  a_batch: array<vec4u, 2>,
  b_batch: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<A>;
@group(0) @binding(2) var<storage, read> b: array<B>;
@group(0) @binding(3) var<storage, read> a_zero: array<A>;
@group(0) @binding(4) var<storage, read> b_zero: array<B>;
@group(0) @binding(5) var<storage, read> bias: array<i32>;
@group(0) @binding(6) var<storage, read> multiplier: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<Out>;

alias A = i32;
alias B = i32;
alias Out = i32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_A_ZERO: bool = true;
override HAS_B_ZERO: bool = true;
override HAS_BIAS: bool = true;
override HAS_MULTIPLIER: bool = true;

fn finish(sum: i32, factor: f32) -> Out { return sum; }

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let column = i % params.n;
  let row = (i / params.n) % params.m;
  let start = batch_offsets(i / (params.n * params.m));
  var at_a = start.x + row * params.a_row;
  var at_b = start.y + column * params.b_column;
  var zero_a = 0;
  if (HAS_A_ZERO) {
    zero_a = i32(a_zero[row * params.a_zero_row]);
  }
  var zero_b = 0;
  if (HAS_B_ZERO) {
    zero_b = i32(b_zero[column * params.b_zero_column]);
  }
  var sum = 0;
  if (HAS_BIAS) {
    sum = bias[row * params.bias_row + column * params.bias_column];
  }
  for (var k = 0u; k < params.k; k++) {
    sum += (i32(a[at_a]) - zero_a) * (i32(b[at_b]) - zero_b);
    at_a += params.a_column;
    at_b += params.b_row;
  }
  var factor = 1.0;
  if (HAS_MULTIPLIER) {
    factor = multiplier[row * params.multiplier_row + column * params.multiplier_column];
  }
  y[i] = finish(sum, factor);
}
