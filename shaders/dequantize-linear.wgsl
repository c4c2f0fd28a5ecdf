// y[i] = epilogue((x[i] - zero[k]) * scale[k])
// x, y: row-major [outer, extent, inner]. scale, zero: k = outer * scale_outer + (index / block) * scale_axis + inner *
// scale_inner, with strides of 0 where all share one.
struct Params {
  count: u32, // invocations
  extent: u32,
  inner: u32, // in units of Elem
  block: u32,
  scale_outer: u32,
  scale_axis: u32,
  scale_inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Steps>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> zero: array<From>;
@group(0) @binding(4) var<storage, read_write> y: array<Elem>;

alias From = i32;
alias Steps = i32; // Froms, as many as an Elem has
alias Difference = i32; // as many again
alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override PER: u32 = 1; // elements of an invocation: 1 or 4
override HAS_ZERO: bool = true;
override SHARED: bool = false; // one scale for all

fn epilogue(v: Elem) -> Elem { return v; }

fn scale_of(i: u32) -> u32 {
  if (SHARED) {
    return 0u;
  }
  let row = i / params.inner;
  return row / params.extent * params.scale_outer + row % params.extent / params.block * params.scale_axis
    + i % params.inner * params.scale_inner;
}

fn element(i: u32) -> Elem {
  let k = scale_of(i);
  var steps = Difference(x[i]);
  if (HAS_ZERO) {
    steps -= Difference(i32(zero[k]));
  }
  return epilogue(Elem(steps) * scale[k]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let first = i * PER;
  let v = element(first);
  if (PER == 4u) {
    let v1 = element(first + 1u);
    let v2 = element(first + 2u);
    let v3 = element(first + 3u);
    y[first + 1u] = v1;
    y[first + 2u] = v2;
    y[first + 3u] = v3;
  }
  y[first] = v;
}
