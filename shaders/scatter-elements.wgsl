// y[..., indices[i0, k, i1], ...] = combine(itself, updates[i0, k, i1]): one invocation takes `steps` of k in their order
// indices, updates: [outer, extent, inner]; y: the element is at place * axis_stride + sum(i_n * stride_n) over the
// extents of shape, which are all but the axis, innermost first. y holds the data already.
// Negative indices count from the end; updates whose index is out of range are left out.
struct Params {
  count: u32, // invocations: outer * inner * extent / steps
  rank: u32,
  extent: u32, // of the axis of indices
  inner: u32,
  steps: u32, // extent, or 1 where the order does not matter
  places: i32, // extent of the axis of y
  axis_stride: u32,
  shape: array<vec4u, 2>,
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
  let sections = params.extent / params.steps;
  let line = i / sections;
  let outer = line / params.inner;
  var first = 0u;
  var rest = line;
  for (var n = 0u; n < params.rank; n++) {
    let extent = params.shape[n / 4u][n % 4u];
    first += (rest % extent) * params.strides[n / 4u][n % 4u];
    rest /= extent;
  }
  for (var step = 0u; step < params.steps; step++) {
    let k = i % sections * params.steps + step;
    let from_update = (outer * params.extent + k) * params.inner + line % params.inner;
    let given = indices[from_update];
    let place = select(given, given + params.places, given < 0);
    if (place >= 0 && place < params.places) {
      let at = first + u32(place) * params.axis_stride;
      y[at] = combine(y[at], updates[from_update]);
    }
  }
}
