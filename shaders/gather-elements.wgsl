// y[i0, i1, ...] = x[..., indices[i0, i1, ...], ...]
// x: the element is at sum(i_k * stride_k) + index * axis_stride; stride_k is 0 along the axis itself.
// indices, y: row-major over shape. Extents and strides are given innermost first. Negative indices count from the end;
// indices out of range are clamped into it.
struct Params {
  count: u32, // elements of y
  rank: u32,
  extent: i32, // of the axis of x
  axis_stride: u32,
  shape: array<vec4u, 2>,
  strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let given = indices[i];
  let picked = clamp(select(given, given + params.extent, given < 0), 0, params.extent - 1);
  var at = u32(picked) * params.axis_stride;
  var rest = i;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    at += (rest % extent) * params.strides[k / 4u][k % 4u];
    rest /= extent;
  }
  y[i] = x[at];
}
