// y[n, c, p] = the index in x of the first largest element under the window that MaxPool has at p
// Places p and taps k have three axes; a NaN is larger than any number. A window with no element gives 0.
// x: [N, C, ...in_extents], y: [N, C, ...out_extents], row-major. An index counts (n, c) planes of x, and within one
// dot(place, index_strides): in row-major or column-major order.
struct Params {
  count: u32, // elements of y
  plane: u32, // elements of x in one channel
  in_extents: vec4i,
  out_extents: vec4u,
  kernel: vec4u,
  strides: vec4i,
  dilations: vec4i,
  pads: vec4i,
  index_strides: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

fn is_nan(v: Elem) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }

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
  let box = params.out_extents.xyz;
  let pixels = box.x * box.y * box.z;
  let corner = vec3i(place_in(i % pixels, box)) * params.strides.xyz - params.pads.xyz;
  let start = i / pixels * params.plane;
  var found = false;
  var best = Elem(0);
  var index = 0u;
  for (var k = 0u; k < params.kernel.x * params.kernel.y * params.kernel.z; k++) {
    let place = corner + vec3i(place_in(k, params.kernel.xyz)) * params.dilations.xyz;
    if (any(place < vec3i(0)) || any(place >= params.in_extents.xyz)) {
      continue;
    }
    let p = vec3u(place);
    let in_extents = vec3u(params.in_extents.xyz);
    let v = x[start + (p.x * in_extents.y + p.y) * in_extents.z + p.z];
    if (!found || (!is_nan(best) && (v > best || is_nan(v)))) {
      found = true;
      best = v;
      let steps = p * params.index_strides.xyz;
      index = start + steps.x + steps.y + steps.z;
    }
  }
  y[i] = i32(index);
}
