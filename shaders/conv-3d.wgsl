// y[n, o, p] = epilogue(bias[o] + sum over i, k of x[n, i', p * strides - pads + k * dilations] * weight[o, i, k])
// Places p and taps k have three axes; outside of x a tap adds nothing. i' = group of o * group_inputs + i.
// x: the element at (n, c, p) is at n * x_n + c * x_c + dot(p, x_strides).
// weight: [outputs, group_inputs, ...kernel]; bias: [outputs].
// y: row-major [N, ...p, outputs] where CHANNELS_LAST, else [N, outputs, ...p].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // elements of y
  outputs: u32,
  group_outputs: u32,
  group_inputs: u32,
  x_n: u32,
  x_c: u32,
  x_strides: vec4u,
  in_extents: vec4u,
  out_extents: vec4u,
  kernel: vec4u,
  strides: vec4u,
  dilations: vec4u,
  pads: vec4u,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override CHANNELS_LAST: bool = false;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

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
  let outer = select(i / pixels, i / params.outputs, CHANNELS_LAST);
  let n = outer / select(params.outputs, pixels, CHANNELS_LAST);
  let o = select(outer, i, CHANNELS_LAST) % params.outputs;
  let corner = place_in(select(i, outer, CHANNELS_LAST) % pixels, box) * params.strides.xyz - params.pads.xyz;
  let taps = params.kernel.x * params.kernel.y * params.kernel.z;
  let start = n * params.x_n + (o / params.group_outputs) * params.group_inputs * params.x_c;
  let weights = o * params.group_inputs * taps;
  var sum = 0.0;
  if (HAS_BIAS) {
    sum = bias[o];
  }
  var k = 0u;
  loop {
    // Places before the first wrap around to numbers beyond the last.
    let place = corner + place_in(k, params.kernel.xyz) * params.dilations.xyz;
    if (any(place >= params.in_extents.xyz)) {
      continue;
    }
    let steps = place * params.x_strides.xyz;
    var at_x = start + steps.x + steps.y + steps.z;
    var at_weight = weights + k;
    for (var c = 0u; c < params.group_inputs; c++) {
      sum += x[at_x] * weight[at_weight];
      at_x += params.x_c;
      at_weight += taps;
    }
    continuing {
      k++;
      break if k >= taps;
    }
  }
  y[i] = epilogue(sum, i, o);
}
