// y[i] = epilogue((x[i] - mean[c]) * scale[c] / sqrt(variance[c] + epsilon) + bias[c]), c the channel of i
// x, y: any layout in which the channel is (i / stride) % channels.
// scale, bias, mean, variance: [channels].
struct Params {
  count: u32, // of y, in units of Elem
  stride: u32,
  channels: u32, // in units of Factor
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> scale: array<Factor>;
@group(0) @binding(3) var<storage, read> bias: array<Factor>;
@group(0) @binding(4) var<storage, read> mean: array<Factor>;
@group(0) @binding(5) var<storage, read> variance: array<Factor>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = f32; // vec4f where four neighbours are of one channel, or of four neighbouring ones
alias Factor = f32; // vec4f in the latter case
override WORKGROUP_SIZE: u32 = 64;

fn epilogue(v: Elem) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let c = (i / params.stride) % params.channels;
  let factor = scale[c] / sqrt(variance[c] + Factor(params.epsilon));
  y[i] = epilogue((x[i] - Elem(mean[c])) * Elem(factor) + Elem(bias[c]));
}
