// gates[d, n, s, k] = x[d, row(step, n), g, k] + bias[d, g, k] + bias[d, GATES + g, k] + sum over j of r[d, j, g, k] * h[d, n, j]
// x: [directions, rows, gates, units], already multiplied by W; bias: [directions, 2, gates, units] or unread.
// r: strides in params; h: [directions, batch, units] by strides; lengths: [batch] or unread.
// gates: [directions, batch, sections, units], where section s is gate s, but with SPLIT section 2 has no part of h and
// section 3 is gate 2 without the part of x. k, and every size and stride but those of h, counts in Elems.
struct Params {
  count: u32,
  batch: u32,
  steps: u32,
  step: u32,
  rows: u32,
  x_step: u32, // rows of x from a step to the next
  x_batch: u32,
  gates: u32,
  units: u32, // Elems of a gate
  hidden: u32, // elements of h
  sections: u32, // of one sequence in gates
  first: u32, // section that this dispatch begins with
  these: u32, // sections of this dispatch
  h_direction: u32,
  h_batch: u32,
  r_direction: u32,
  r_gate: u32,
  r_column: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> r: array<Elem>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> h: array<f32>;
@group(0) @binding(5) var<storage, read> lengths: array<i32>;
@group(0) @binding(6) var<storage, read_write> gates: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: u32 = 0;
override HAS_LENGTHS: u32 = 0;
override REVERSED: u32 = 0; // 1: direction 0 runs backwards; direction 1 always does
override SPLIT: u32 = 0;

/// The step of x that a sequence is at; steps beyond its length are read for nothing.
fn time_of(d: u32, n: u32) -> u32 {
  var length = params.steps;
  if (HAS_LENGTHS == 1u) {
    length = u32(clamp(lengths[n], 0, i32(params.steps)));
  }
  return select(params.step, length - 1u - params.step, (REVERSED == 1u || d == 1u) && params.step < length);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let k = i % params.units;
  let s = params.first + i / params.units % params.these;
  let n = i / (params.units * params.these) % params.batch;
  let d = i / (params.units * params.these * params.batch);
  let q = select(s, 2u, SPLIT == 1u && s == 3u) * params.units + k;
  let all = params.gates * params.units;
  var sum = Elem();
  if (SPLIT == 0u || s != 3u) {
    let row = time_of(d, n) * params.x_step + n * params.x_batch;
    sum = x[(d * params.rows + row) * all + q];
    if (HAS_BIAS == 1u) {
      sum += bias[2u * d * all + q];
    }
  }
  if (SPLIT == 0u || s != 2u) {
    if (HAS_BIAS == 1u) {
      sum += bias[(2u * d + 1u) * all + q];
    }
    let at_h = d * params.h_direction + n * params.h_batch;
    let at_r = d * params.r_direction + q * params.r_gate;
    for (var j = 0u; j < params.hidden; j++) {
      sum += r[at_r + j * params.r_column] * h[at_h + j];
    }
  }
  gates[((d * params.batch + n) * params.sections + s) * params.units + k] = sum;
}
