// y[n, c, p] = epilogue(finish(combine over k of x[n, c, p * strides - pads + k * dilations], taps))
// Places p and taps k have three axes; outside of x a tap takes no part.
// x: the element at (n, c, p) is at n * x_n + c * x_c + dot(p, x_strides).
// y: row-major [N, ...p, channels] where CHANNELS_LAST, else [N, channels, ...p].
struct Params {
  count: u32, // elements of y
  channels: u32,
  x_n: u32,
  x_c: u32,
  x_strides: vec4u,
  in_extents: vec4i,
  out_extents: vec4u,
  kernel: vec4u,
  strides: vec4i,
  dilations: vec4i,
  pads: vec4i,
  counted_from: vec4i, // taps count from here to counted_to: over the input, or with its padding
  counted_to: vec4i,
  neutral: u32, // bits of the value that changes nothing
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override CHANNELS_LAST: bool = false;
override WORKGROUP_SIZE: u32 = 64;

fn combine(a: Elem, b: Elem) -> Elem { return a + b; }
fn finish(v: Elem, taps: f32) -> Elem { return v / taps; }
fn epilogue(v: Elem) -> Elem { return v; }

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
  let outer = select(i / pixels, i / params.channels, CHANNELS_LAST);
  let n = outer / select(params.channels, pixels, CHANNELS_LAST);
  let c = select(outer, i, CHANNELS_LAST) % params.channels;
  let corner = vec3i(place_in(select(i, outer, CHANNELS_LAST) % pixels, box)) * params.strides.xyz - params.pads.xyz;
  let start = n * params.x_n + c * params.x_c;
  var v = bitcast<Elem>(params.neutral);
  var taps = 0u;
  for (var k = 0u; k < params.kernel.x * params.kernel.y * params.kernel.z; k++) {
    let place = corner + vec3i(place_in(k, params.kernel.xyz)) * params.dilations.xyz;
    taps += u32(all(place >= params.counted_from.xyz) && all(place < params.counted_to.xyz));
    if (all(place >= vec3i(0)) && all(place < params.in_extents.xyz)) {
      let steps = vec3u(place) * params.x_strides.xyz;
      v = combine(v, x[start + steps.x + steps.y + steps.z]);
    }
  }
  y[i] = epilogue(finish(v, f32(taps)));
}
