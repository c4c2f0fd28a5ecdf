// y[o, k, i] = values[1] where indices[o, i] is k or k - depth, else values[0]
// indices: [outer, inner], y: [outer, depth, inner], row-major; values: two 32-bit words.
struct Params {
  count: u32, // elements of y
  depth: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<Index>;
@group(0) @binding(2) var<storage, read> values: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

alias Index = i32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let k = i32(at / params.inner % params.depth);
  let given = i32(indices[at / params.inner / params.depth * params.inner + at % params.inner]);
  y[at] = select(values[0], values[1], given == k || given == k - i32(params.depth));
}
