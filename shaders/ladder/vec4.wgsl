// y[m, n] = sum over k of a[m, k] * b[k, n]
// a: rows of k4 vec4. b: 4 * k4 rows of n4 vec4. Both padded with zeros. y: row-major [M, N].
// An invocation computes four neighbouring columns of a row. It reads four numbers at a time, and every number of a serves
// four columns.
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y;
  let column4 = id.x;
  if (row >= params.m || column4 >= params.n4) {
    return;
  }
  var sum = vec4f();
  for (var k4 = 0u; k4 < params.k4; k4++) {
    let v = a[row * params.k4 + k4];
    let at = 4 * k4 * params.n4 + column4;
    sum += v.x * b[at];
    sum += v.y * b[at + params.n4];
    sum += v.z * b[at + 2 * params.n4];
    sum += v.w * b[at + 3 * params.n4];
  }
  let column = 4 * column4;
  for (var i = 0u; i < min(4u, params.n - column); i++) {
    y[row * params.n + column + i] = sum[i];
  }
}
