// y[place(indices[i])] = x[i], over zeros
// x, indices: the same shape, row-major. An index counts the elements of a row-major tensor of these extents; the
// element lies in y at the sum of its place times the strides. Indices outside of it are left out.
struct Params {
  count: u32, // elements of x
  rank: u32,
  size: u32, // product of the extents
  extents: array<vec4u, 2>, // innermost first
  strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = indices[i];
  // Negative ones are beyond the last as unsigned numbers.
  if (rest >= params.size) {
    return;
  }
  var at = 0u;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.extents[k / 4u][k % 4u];
    at += rest % extent * params.strides[k / 4u][k % 4u];
    rest /= extent;
  }
  y[at] = x[i];
}
