// y[i] = epilogue(combine(a[i'], b[i'])), with multidirectional broadcasting.
// y: row-major over `shape`; a, b: the element at index (i0, i1, ...) is at sum(i_k * stride_k), stride 0 where broadcast.
// Extents and strides are given innermost first. With four lanes A, B and Elem are vec4, as is LoadA or LoadB where
// that operand's neighbours are neighbours in memory (its strides are then in vec4); else one scalar serves all lanes.
// extra_a, extra_b: what the epilogue reads beside y, element by element, one a channel (last axis), or one alone.
struct Params {
  count: u32, // invocations
  channels: u32, // extent of the last axis of y, in units of Elem
  shape: array<vec4u, 2>,
  a_strides: array<vec4u, 2>,
  b_strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<LoadA>;
@group(0) @binding(2) var<storage, read> b: array<LoadB>;
@group(0) @binding(3) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(5) var<storage, read_write> y: array<Elem>;

alias LoadA = f32;
alias LoadB = f32;
alias A = f32;
alias B = f32;
alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override PER: u32 = 1; // elements of an invocation: 1 or 4
override RANK: u32 = 8; // of the loops: those of few extents take no turns

fn combine(a: A, b: B) -> Elem { return a + b; }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

struct Place {
  rest: u32, // of the index, beyond the extents so far
  a: u32,
  b: u32,
}

// One extent further on; the last one takes all that is left.
fn along(at: Place, k: u32) -> Place {
  let extent = params.shape[k / 4u][k % 4u];
  let rest = select(at.rest / extent, 0u, k + 1u >= RANK);
  let index = at.rest - rest * extent;
  return Place(rest, at.a + index * params.a_strides[k / 4u][k % 4u], at.b + index * params.b_strides[k / 4u][k % 4u]);
}

fn element(i: u32) -> Elem {
  var at = along(Place(i, 0u, 0u), 0u);
  if (RANK > 1u) {
    at = along(at, 1u);
  }
  if (RANK > 2u) {
    at = along(at, 2u);
  }
  for (var k = 3u; k < RANK; k++) {
    at = along(at, k);
  }
  return epilogue(combine(A(a[at.a]), B(b[at.b])), i, i % params.channels);
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
