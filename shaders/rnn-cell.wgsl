// y = h <- f(gates)
// gates: [directions, batch, 1, hidden] before activation; lengths: [batch] or unread.
// h: the state, [directions, batch, hidden] by strides, changed in place; y: every state, by strides.
struct Params {
  count: u32,
  batch: u32,
  steps: u32,
  step: u32,
  hidden: u32,
  state_direction: u32,
  state_batch: u32,
  y_step: u32,
  y_direction: u32,
  y_batch: u32,
  clip: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gates: array<f32>;
@group(0) @binding(2) var<storage, read> lengths: array<i32>;
@group(0) @binding(3) var<storage, read_write> h: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_LENGTHS: u32 = 0;
override HAS_Y: u32 = 1;
override REVERSED: u32 = 0; // 1: direction 0 runs backwards; direction 1 always does

fn activation_f(v: Elem, direction: u32) -> Elem { return v; }

/// Where the result of this step goes, and whether the sequence is that long: beyond its end y is 0 and states stay.
struct Place {
  time: u32,
  alive: bool,
}

fn place_of(d: u32, n: u32) -> Place {
  var length = params.steps;
  if (HAS_LENGTHS == 1u) {
    length = u32(clamp(lengths[n], 0, i32(params.steps)));
  }
  let alive = params.step < length;
  return Place(select(params.step, length - 1u - params.step, (REVERSED == 1u || d == 1u) && alive), alive);
}

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
  let place = place_of(d, n);
  let at = d * params.state_direction + n * params.state_batch + k;
  var result = 0.0;
  if (place.alive) {
    result = activation_f(limit(gates[i]), d);
    h[at] = result;
  }
  if (HAS_Y == 1u) {
    y[place.time * params.y_step + d * params.y_direction + n * params.y_batch + k] = result;
  }
}
