// y[m, n] = sum over k of a[m, k] * b[k, n]
// a: [M, K]. b: [K, N]. y: [M, N]. All row-major.
// An invocation computes one element and reads a whole row of a and a whole column of b for it: two numbers for every
// multiplication and addition.
struct Params {
  m: u32,
  n: u32,
  k: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y;
  let column = id.x;
  if (row >= params.m || column >= params.n) {
    return;
  }
  var sum = 0.0;
  for (var k = 0u; k < params.k; k++) {
    sum += a[row * params.k + k] * b[k * params.n + column];
  }
  y[row * params.n + column] = sum;
}
