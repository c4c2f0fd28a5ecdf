// y[axis, k] = index along the axis of the k-th element of x that is not 0, 0 behind the last; total = how many there are
// x: the words of `size` elements; counts: of each chunk of x; y: [rank, size], row-major; total: [1].
// One invocation places the elements of a chunk: behind those of the chunks before it.
struct Params {
  count: u32, // chunks
  chunk: u32, // elements
  size: u32,
  rank: u32,
  extents: array<vec4u, 2>,
  strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<storage, read_write> total: array<u32>;

override WORKGROUP_SIZE: u32 = 64;
const MASK: u32 = 0xffffffffu; // without the sign of floats: -0 is 0

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (c >= params.count) {
    return;
  }
  var at = 0u;
  var all = 0u;
  for (var other = 0u; other < params.count; other++) {
    at += select(0u, counts[other], other < c);
    all += counts[other];
  }
  if (c == 0u) {
    total[0] = all;
  }
  let first = c * params.chunk;
  for (var i = first; i < min(first + params.chunk, params.size); i++) {
    if ((x[i] & MASK) != 0u) {
      for (var axis = 0u; axis < params.rank; axis++) {
        let index = i / params.strides[axis / 4u][axis % 4u] % params.extents[axis / 4u][axis % 4u];
        y[axis * params.size + at] = index;
      }
      at += 1u;
    }
    if (i >= all) {
      for (var axis = 0u; axis < params.rank; axis++) {
        y[axis * params.size + i] = 0u;
      }
    }
  }
}
