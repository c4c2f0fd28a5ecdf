// counts[c] = how many of x[c * chunk .. (c + 1) * chunk] are not 0
// x: the words of `size` elements; counts: one number for each chunk.
struct Params {
  count: u32, // chunks
  chunk: u32, // elements
  size: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;

override WORKGROUP_SIZE: u32 = 64;
const MASK: u32 = 0xffffffffu; // without the sign of floats: -0 is 0

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (c >= params.count) {
    return;
  }
  let first = c * params.chunk;
  var found = 0u;
  for (var i = first; i < min(first + params.chunk, params.size); i++) {
    found += u32((x[i] & MASK) != 0u);
  }
  counts[c] = found;
}
