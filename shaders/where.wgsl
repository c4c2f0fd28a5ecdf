// y[i] = condition[i'] ? a[i'] : b[i'], with multidirectional broadcasting, for elements of any type (their bits).
// y: row-major over `shape`; the others: the element at index (i0, i1, ...) is at sum(i_k * stride_k), stride 0 where
// broadcast. Extents and strides are given innermost first. With four lanes Elem is vec4, as is a Load where that
// operand's neighbours are neighbours in memory (its strides are then in vec4); else one scalar serves all lanes.
struct Params {
  count: u32, // of y, in units of Elem
  rank: u32,
  shape: array<vec4u, 2>,
  condition_strides: array<vec4u, 2>,
  a_strides: array<vec4u, 2>,
  b_strides: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> condition: array<LoadCondition>;
@group(0) @binding(2) var<storage, read> a: array<LoadA>;
@group(0) @binding(3) var<storage, read> b: array<LoadB>;
@group(0) @binding(4) var<storage, read_write> y: array<Elem>;

alias LoadCondition = u32;
alias LoadA = u32;
alias LoadB = u32;
alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var rest = i;
  var at_condition = 0u;
  var at_a = 0u;
  var at_b = 0u;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    let index = rest % extent;
    rest /= extent;
    at_condition += index * params.condition_strides[k / 4u][k % 4u];
    at_a += index * params.a_strides[k / 4u][k % 4u];
    at_b += index * params.b_strides[k / 4u][k % 4u];
  }
  y[i] = select(Elem(b[at_b]), Elem(a[at_a]), Elem(condition[at_condition]) != Elem(0));
}
