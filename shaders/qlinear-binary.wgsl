// y[i] = saturate(round(combine(table_a[a[i']], table_b[b[i']])) + zero), with multidirectional broadcasting.
// y: row-major over `shape`; a, b: 8-bit integers, the element at index (i0, i1, ...) at sum(i_k * stride_k), stride 0
// where broadcast. Extents and strides are given innermost first. table_a, table_b: what each of the 256 values stands for.
struct Params {
  count: u32,
  rank: u32,
  low: i32,
  high: i32,
  zero: i32,
  factor: f32,
  shape: array<vec4u, 2>,
  a_strides: array<vec4u, 2>,
  b_strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> table_a: array<f32>;
@group(0) @binding(4) var<storage, read> table_b: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Out>;

alias Out = u32;
override WORKGROUP_SIZE: u32 = 64;

fn combine(v: f32, w: f32) -> f32 { return v + w; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = i;
  var at_a = 0u;
  var at_b = 0u;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    let index = rest % extent;
    rest /= extent;
    at_a += index * params.a_strides[k / 4u][k % 4u];
    at_b += index * params.b_strides[k / 4u][k % 4u];
  }
  let steps = round(combine(table_a[a[at_a] & 255u], table_b[b[at_b] & 255u]));
  y[i] = Out(clamp(i32(clamp(steps, -1e6, 1e6)) + params.zero, params.low, params.high));
}
