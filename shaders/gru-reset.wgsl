// y = f(gate 1) * h
// gates: [directions, batch, 4, hidden] before activation; h, y: [directions, batch, hidden] by strides.
struct Params {
  count: u32,
  batch: u32,
  hidden: u32,
  state_direction: u32,
  state_batch: u32,
  clip: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gates: array<f32>;
@group(0) @binding(2) var<storage, read> h: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

fn activation_f(v: Elem, direction: u32) -> Elem { return v; }

/// Keeps NaN.
fn limit(v: f32) -> f32 {
  return select(select(v, -params.clip, v < -params.clip), params.clip, v > params.clip);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let k = i % params.hidden;
  let n = i / params.hidden % params.batch;
  let d = i / (params.hidden * params.batch);
  let at = d * params.state_direction + n * params.state_batch + k;
  y[at] = activation_f(limit(gates[4u * (i - k) + params.hidden + k]), d) * h[at];
}
