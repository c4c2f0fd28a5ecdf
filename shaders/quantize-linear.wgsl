// y[i] = saturate(round(x[i] / scale[k]) + zero[k]), ties to even; NaN counts as 0.
// x, y: row-major [outer, extent, inner]. scale, zero: k = outer * scale_outer + (index / block) * scale_axis + inner *
// scale_inner, with strides of 0 where all share one.
struct Params {
  count: u32,
  extent: u32,
  inner: u32,
  block: u32,
  scale_outer: u32,
  scale_axis: u32,
  scale_inner: u32,
  low: i32,
  high: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<From>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> zero: array<To>;
@group(0) @binding(4) var<storage, read_write> y: array<To>;

alias From = f32;
alias To = u32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_ZERO: bool = true;
override SHARED: bool = false; // one scale for all

fn divide(x: f32, s: f32) -> f32 { return round(x / s); }

fn scale_of(i: u32) -> u32 {
  if (SHARED) {
    return 0u;
  }
  let row = i / params.inner;
  return row / params.extent * params.scale_outer + row % params.extent / params.block * params.scale_axis
    + i % params.inner * params.scale_inner;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let k = scale_of(i);
  var whole = divide(f32(x[i]), scale[k]);
  if ((bitcast<u32>(whole) & 0x7fffffffu) > 0x7f800000u) {
    whole = 0;
  }
  // Beyond every range, but far from overflow.
  var steps = i32(clamp(whole, -1e6, 1e6));
  if (HAS_ZERO) {
    steps += i32(zero[k]);
  }
  y[i] = To(clamp(steps, params.low, params.high));
}
