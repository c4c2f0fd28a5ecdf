// y[place(t) + s] = combine(itself, updates[t, s]), place(t) = sum over k of indices[t, k] * stride_k: one invocation
// takes `steps` of t in their order. indices: [tuples, depth]; updates: [tuples, slice]; y: row-major, holds the data
// already. Negative indices count from the end; updates with an index out of range are left out.
struct Params {
  count: u32, // invocations: slice * tuples / steps
  slice: u32,
  steps: u32, // tuples, or 1 where the order does not matter
  depth: u32,
  extents: array<vec4i, 2>,
  strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read> updates: array<Elem>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

fn combine(a: Elem, b: Elem) -> Elem { return b; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let s = i % params.slice;
  for (var step = 0u; step < params.steps; step++) {
    let t = i / params.slice * params.steps + step;
    var at = s;
    var inside = true;
    for (var k = 0u; k < params.depth; k++) {
      let extent = params.extents[k / 4u][k % 4u];
      let given = indices[t * params.depth + k];
      let place = select(given, given + extent, given < 0);
      inside = inside && place >= 0 && place < extent;
      at += u32(place) * params.strides[k / 4u][k % 4u];
    }
    if (inside) {
      y[at] = combine(y[at], updates[t * params.slice + s]);
    }
  }
}
