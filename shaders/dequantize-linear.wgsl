// y[i] = epilogue((x[i] - zero[k]) * scale[k])
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
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<From>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> zero: array<From>;
@group(0) @binding(4) var<storage, read_write> y: array<Elem>;

alias From = i32;
alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_ZERO: bool = true;

fn epilogue(v: Elem) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let row = i / params.inner;
  let k = row / params.extent * params.scale_outer + row % params.extent / params.block * params.scale_axis
    + i % params.inner * params.scale_inner;
  var steps = i32(x[i]);
  if (HAS_ZERO) {
    steps -= i32(zero[k]);
  }
  y[i] = epilogue(f32(steps) * scale[k]);
}
