// y[o, k, i] = x[o, indices[k], i]
// x: [outer, extent, inner], y: [outer, picks, inner], row-major, inner in units of Elem; indices: [picks].
// Negative indices count from the end; indices out of range are clamped into it.
struct Params {
  count: u32, // elements of y, in units of Elem
  extent: i32,
  picks: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> indices: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let i = at % params.inner;
  let k = at / params.inner % params.picks;
  let o = at / params.inner / params.picks;
  let given = indices[k];
  let picked = clamp(select(given, given + params.extent, given < 0), 0, params.extent - 1);
  y[at] = x[(o * u32(params.extent) + u32(picked)) * params.inner + i];
}
