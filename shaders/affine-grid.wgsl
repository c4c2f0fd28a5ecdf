// y[n, ..., h, w, d] = theta[n, d, 0] * x(w) + theta[n, d, 1] * y(h) + ... + theta[n, d, axes]
// theta: [N, axes, axes + 1], y: [N, ..., H, W, axes], row-major. Coordinates run from -1 to 1 across the image: from
// the middle of the first pixel to that of the last one where ALIGN_CORNERS, else from edge to edge.
struct Params {
  count: u32, // elements of y
  axes: u32,
  extents: vec4u, // of the image, innermost first
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> theta: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override ALIGN_CORNERS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

fn coordinate(i: u32, extent: u32) -> f32 {
  if (ALIGN_CORNERS) {
    return select(f32(2u * i) / f32(max(1u, extent - 1u)) - 1.0, 0.0, extent == 1u);
  }
  return f32(2u * i + 1u) / f32(extent) - 1.0;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = i / params.axes;
  var point = vec3f(0);
  for (var k = 0u; k < params.axes; k++) {
    let extent = params.extents[k];
    point[k] = coordinate(rest % extent, extent);
    rest /= extent;
  }
  let row = (rest * params.axes + i % params.axes) * (params.axes + 1u);
  var sum = theta[row + params.axes];
  for (var k = 0u; k < params.axes; k++) {
    sum += theta[row + k] * point[k];
  }
  y[i] = sum;
}
