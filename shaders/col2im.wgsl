// y[n, c, p] = the sum over taps k of x[n, c * taps + k, q], q = (p + pads - k * dilations) / strides
// Pixels p, taps k and columns q have three axes; where q is not whole, or outside of the columns, a tap adds nothing.
// x: [N, C * taps, columns], y: [N, C, ...image], row-major.
struct Params {
  count: u32, // elements of y
  image: vec4u,
  places: vec4i, // columns along each axis
  kernel: vec4u,
  strides: vec4i,
  dilations: vec4i,
  pads: vec4i,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WORKGROUP_SIZE: u32 = 64;

// Number i of a box of these extents, as a place in it.
fn place_in(i: u32, extents: vec3u) -> vec3u {
  let row = i / extents.z;
  return vec3u(row / extents.y, row % extents.y, i % extents.z);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let pixels = params.image.x * params.image.y * params.image.z;
  let padded = vec3i(place_in(i % pixels, params.image.xyz)) + params.pads.xyz;
  let taps = params.kernel.x * params.kernel.y * params.kernel.z;
  let columns = params.places.x * params.places.y * params.places.z;
  let plane = i / pixels * taps * u32(columns);
  var sum = 0.0;
  for (var k = 0u; k < taps; k++) {
    let distance = padded - vec3i(place_in(k, params.kernel.xyz)) * params.dilations.xyz;
    let q = distance / params.strides.xyz;
    if (all(distance >= vec3i(0)) && all(q < params.places.xyz) && all(q * params.strides.xyz == distance)) {
      let column = (q.x * params.places.y + q.y) * params.places.z + q.z;
      sum += x[plane + k * u32(columns) + u32(column)];
    }
  }
  y[i] = sum;
}
