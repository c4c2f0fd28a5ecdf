// y[t, s] = x[b * batch_stride + sum over k of indices[t, k] * stride_k + s], b = t / tuples
// x: row-major words in units of Elem, as are strides; indices: [batches * tuples, depth]; y: [batches * tuples, slice].
// Negative indices count from the end; indices out of range are clamped into it.
struct Params {
  count: u32, // elements of y, in units of Elem
  slice: u32,
  tuples: u32, // of one batch
  batch_stride: u32,
  depth: u32,
  extents: array<vec4i, 2>,
  strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let t = i / params.slice;
  var at = t / params.tuples * params.batch_stride + i % params.slice;
  for (var k = 0u; k < params.depth; k++) {
    let extent = params.extents[k / 4u][k % 4u];
    let given = indices[t * params.depth + k];
    at += u32(clamp(select(given, given + extent, given < 0), 0, extent - 1)) * params.strides[k / 4u][k % 4u];
  }
  y[i] = x[at];
}
