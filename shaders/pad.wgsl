// y[o0, o1, ...] = x[source(o0 - begin0), source(o1 - begin1), ...], or fill where MODE is CONSTANT and one is outside
// x: the element at (i0, i1, ...) is at x_offset + sum(i_k * x_stride_k), 0 <= i_k < x_extent_k. y: row-major over shape.
// fill: one word. Extents, strides and offsets are in units of Elem, innermost first.
// An invocation writes up to RUN neighbours along the innermost axis: it finds its place among the others once.
struct Params {
  count: u32, // invocations
  rank: u32,
  x_offset: i32,
  shape: array<vec4u, 2>,
  begins: array<vec4i, 2>,
  x_extents: array<vec4i, 2>,
  x_strides: array<vec4i, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> fill: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
const CONSTANT = 0u;
const REFLECT = 1u;
const EDGE = 2u;
const WRAP = 3u;
override MODE: u32 = 0;
override NEAR: bool = false; // no pad is wider than its axis, or as wide where MODE is REFLECT
override RUN: u32 = 1;
override WORKGROUP_SIZE: u32 = 64;

// The non-negative remainder.
fn modulo(a: i32, n: i32) -> i32 {
  return (a % n + n) % n;
}

// The index inside 0 <= i < extent that an index outside stands for; -1 for the fill.
fn source(index: i32, extent: i32) -> i32 {
  if (index >= 0 && index < extent) {
    return index;
  }
  if (MODE == EDGE) {
    return clamp(index, 0, extent - 1);
  }
  if (NEAR && MODE == WRAP) {
    return select(index - extent, index + extent, index < 0);
  }
  if (NEAR && MODE == REFLECT) {
    return select(2 * (extent - 1) - index, -index, index < 0);
  }
  if (MODE == WRAP) {
    return modulo(index, extent);
  }
  if (MODE == REFLECT) {
    let period = max(1, 2 * (extent - 1));
    let i = modulo(index, period);
    return select(i, period - i, i >= extent);
  }
  return -1;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let length = params.shape[0][0];
  let runs = (length + RUN - 1u) / RUN;
  var rest = i / runs;
  let row = rest * length;
  let first = (i - rest * runs) * RUN;
  var at = params.x_offset;
  var inside = true;
  for (var k = 1u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    let above = rest / extent;
    let index = i32(rest - above * extent) - params.begins[k / 4u][k % 4u];
    rest = above;
    let from_index = source(index, params.x_extents[k / 4u][k % 4u]);
    inside = inside && from_index >= 0;
    at += from_index * params.x_strides[k / 4u][k % 4u];
  }
  let end = min(first + RUN, length);
  for (var j = first; j < end; j++) {
    let from_index = source(i32(j) - params.begins[0][0], params.x_extents[0][0]);
    y[row + j] = select(Elem(fill[0]), x[at + from_index * params.x_strides[0][0]], inside && from_index >= 0);
  }
}
