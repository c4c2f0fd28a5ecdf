// partial[group, b] = how many x of the group have floor((x - low) * per_unit) = b, held between 0 and BINS - 1
// x: any shape, row-major; partial: [groups, BINS]. A workgroup counts `share` neighbours in its own memory.
struct Params {
  count: u32,
  share: u32,
  low: f32,
  per_unit: f32, // bins per unit of x
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<u32>;

override WORKGROUP_SIZE: u32 = 64;
override BINS: u32 = 2048;

var<workgroup> counts: array<atomic<u32>, BINS>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let end = min(params.count, (group.x + 1) * params.share);
  for (var at = group.x * params.share + lane; at < end; at += WORKGROUP_SIZE) {
    let v = x[at];
    let is_nan = (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
    let position = clamp((v - params.low) * params.per_unit, 0.0, f32(BINS - 1));
    atomicAdd(&counts[u32(position)], select(1u, 0u, is_nan));
  }
  workgroupBarrier();
  for (var b = lane; b < BINS; b += WORKGROUP_SIZE) {
    partial[group.x * BINS + b] = atomicLoad(&counts[b]);
  }
}
