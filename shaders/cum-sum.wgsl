// y[o, k, i] = sum of x[o, n, i] over n <= k (n >= k where reverse; without k itself where exclusive)
// x, y: [outer, extent, inner], row-major. One invocation runs along each (o, i).
struct Params {
  count: u32, // outer * inner
  extent: u32,
  inner: u32,
  block: u32, // terms added up before they join the total, which keeps rounding errors small
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override EXCLUSIVE: bool = false;
override REVERSE: bool = false;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let start = (i / params.inner * params.extent) * params.inner + i % params.inner;
  var total = Elem(0);
  for (var first = 0u; first < params.extent; first += params.block) {
    var part = Elem(0);
    for (var n = first; n < min(first + params.block, params.extent); n++) {
      let at = start + select(n, params.extent - 1u - n, REVERSE) * params.inner;
      let before = part;
      part += x[at];
      y[at] = total + select(part, before, EXCLUSIVE);
    }
    total += part;
  }
}
