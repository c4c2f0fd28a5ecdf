// y[o, j, i] = offset[j] + sum_k weight[j, k] x[o, index[j, k], i]
// x: [outer, x_extent, inner], y: [outer, y_extent, inner], row-major, inner in units of Elem. taps: for each j its
// `reach` taps and then one whose weight is the offset.
struct Params {
  count: u32, // elements of y, in units of Elem
  x_extent: u32,
  y_extent: u32,
  inner: u32,
  reach: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> taps: array<Tap>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

struct Tap {
  index: u32,
  weight: f32,
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let i = at % params.inner;
  let j = at / params.inner % params.y_extent;
  let o = at / params.inner / params.y_extent;
  let first = j * (params.reach + 1);
  var sum = Elem(taps[first + params.reach].weight);
  for (var k = first; k < first + params.reach; k++) {
    let tap = taps[k];
    // What does not count may be infinite.
    if (tap.weight != 0.0) {
      sum += tap.weight * x[(o * params.x_extent + tap.index) * params.inner + i];
    }
  }
  y[at] = sum;
}
