// y[i] = epilogue(combine(a[i'], b[i'])), with multidirectional broadcasting.
// y: row-major over `shape`; a, b: the element at index (i0, i1, ...) is at sum(i_k * stride_k), stride 0 where broadcast.
// Extents and strides are given innermost first. With four lanes A, B and Elem are vec4, as is LoadA or LoadB where
// that operand's neighbours are neighbours in memory (its strides are then in vec4); else one scalar serves all lanes.
// extra_a, extra_b: what the epilogue reads beside y, element by element, one a channel (last axis), or one alone.
struct Params {
  count: u32, // of y, in units of Elem
  rank: u32,
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

fn combine(a: A, b: B) -> Elem { return a + b; }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = i;
  var at_a = 0u;
  var at_b = 0u;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    let index = rest % extent;
    rest /= extent;
    at_a += index * params.a_strides[k / 4u][k % 4u];
    at_b += index * params.b_strides[k / 4u][k % 4u];
  }
  y[i] = epilogue(combine(A(a[at_a]), B(b[at_b])), i, i % params.channels);
}
