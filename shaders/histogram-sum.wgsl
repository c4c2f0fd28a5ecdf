// counts[b] = sum of partial[g, b] over the groups g
// partial: [groups, bins], counts: [bins].
struct Params {
  bins: u32,
  groups: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let b = id.x;
  if (b >= params.bins) {
    return;
  }
  var sum = 0u;
  for (var g = 0u; g < params.groups; g++) {
    sum += partial[g * params.bins + b];
  }
  counts[b] = sum;
}
