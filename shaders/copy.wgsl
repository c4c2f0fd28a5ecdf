// y[y_offset + sum(i_k * y_stride_k)] = x[x_offset + sum(i_k * x_stride_k)]
// x, y: any 32-bit words. Extents, strides and offsets are in units of Elem, innermost first; strides of x may be
// negative or 0.
struct Params {
  count: u32, // product of the extents
  rank: u32,
  x_offset: i32,
  y_offset: u32,
  shape: array<vec4u, 2>,
  x_strides: array<vec4i, 2>,
  y_strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = i;
  var at_x = params.x_offset;
  var at_y = params.y_offset;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    let index = rest % extent;
    rest /= extent;
    at_x += i32(index) * params.x_strides[k / 4u][k % 4u];
    at_y += index * params.y_strides[k / 4u][k % 4u];
  }
  y[at_y] = x[at_x];
}
