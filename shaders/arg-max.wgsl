// y[o, i] = the first (or the last) k where better(x[o, k, i], x[o, n, i]) for no n
// x: [outer, extent, inner], y: [outer, inner], row-major.
struct Params {
  count: u32, // elements of y
  extent: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;

alias Elem = f32;
override LAST: bool = false;
override WORKGROUP_SIZE: u32 = 64;

fn better(a: Elem, b: Elem) -> bool { return a > b; }
fn is_nan(v: Elem) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var at = (i / params.inner * params.extent) * params.inner + i % params.inner;
  var best = x[at];
  var place = 0u;
  for (var k = 1u; k < params.extent; k++) {
    at += params.inner;
    let v = x[at];
    // NaN is better than any number, and as good as another NaN.
    let ahead = select(better(v, best), is_nan(v), is_nan(v) || is_nan(best)) && !is_nan(best);
    let behind = select(better(best, v), is_nan(best), is_nan(v) || is_nan(best)) && !is_nan(v);
    if (ahead || (LAST && !behind)) {
      best = v;
      place = k;
    }
  }
  y[i] = i32(place);
}
