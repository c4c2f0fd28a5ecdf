// y[y_offset + sum(i_k * y_stride_k)] = x[x_offset + sum(i_k * x_stride_k)]
// x, y: any 32-bit words. Extents, strides and offsets are in units of Elem, innermost first; strides of x may be
// negative or 0.
struct Params {
  count: u32, // invocations: the product of the extents, or a quarter of it
  x_offset: i32,
  y_offset: u32,
  shape: array<vec4u, 2>,
  x_strides: array<vec4i, 2>,
  y_strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;
override PER: u32 = 1; // elements of an invocation: 1 or 4
override RANK: u32 = 8; // of the loops: those of few extents take no turns

struct Place {
  rest: u32, // of the index, beyond the extents so far
  x: i32,
  y: u32,
}

// One extent further on; the last one takes all that is left.
fn along(at: Place, k: u32) -> Place {
  let extent = params.shape[k / 4u][k % 4u];
  let rest = select(at.rest / extent, 0u, k + 1u >= RANK);
  let index = at.rest - rest * extent;
  return Place(rest, at.x + i32(index) * params.x_strides[k / 4u][k % 4u], at.y + index * params.y_strides[k / 4u][k % 4u]);
}

fn place_of(i: u32) -> Place {
  var at = along(Place(i, params.x_offset, params.y_offset), 0u);
  if (RANK > 1u) {
    at = along(at, 1u);
  }
  if (RANK > 2u) {
    at = along(at, 2u);
  }
  if (RANK > 3u) {
    at = along(at, 3u);
  }
  for (var k = 4u; k < RANK; k++) {
    at = along(at, k);
  }
  return at;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let p0 = place_of(i * PER);
  let v0 = x[p0.x];
  if (PER == 4u) {
    let p1 = place_of(i * PER + 1u);
    let p2 = place_of(i * PER + 2u);
    let p3 = place_of(i * PER + 3u);
    let v1 = x[p1.x];
    let v2 = x[p2.x];
    let v3 = x[p3.x];
    y[p1.y] = v1;
    y[p2.y] = v2;
    y[p3.y] = v3;
  }
  y[p0.y] = v0;
}
