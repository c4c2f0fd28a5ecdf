// y[k] = sum over r of a[k, r] * b[k, r]
// y: row-major over the kept extents; a, b: the element at kept index k and summed index (row, r) is at the sum of each
// index times its stride, 0 along what the operand does not have. Extents and strides are given innermost first.
struct Params {
  count: u32, // elements of y
  rank: u32, // of the kept loops
  shape: array<vec4u, 2>,
  a_strides: array<vec4u, 2>,
  b_strides: array<vec4u, 2>,
  rows: u32,
  row_rank: u32,
  row_shape: array<vec4u, 2>,
  a_row_strides: array<vec4u, 2>,
  b_row_strides: array<vec4u, 2>,
  inner: u32,
  a_inner_stride: u32,
  b_inner_stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Elem>;
@group(0) @binding(2) var<storage, read> b: array<Elem>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override HAS_B: bool = true; // without it, b counts as 1
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var start_a = 0u;
  var start_b = 0u;
  var rest = i;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    start_a += (rest % extent) * params.a_strides[k / 4u][k % 4u];
    start_b += (rest % extent) * params.b_strides[k / 4u][k % 4u];
    rest /= extent;
  }
  var sum = Elem(0);
  for (var row = 0u; row < params.rows; row++) {
    var at_a = start_a;
    var at_b = start_b;
    rest = row;
    for (var k = 0u; k < params.row_rank; k++) {
      let extent = params.row_shape[k / 4u][k % 4u];
      at_a += (rest % extent) * params.a_row_strides[k / 4u][k % 4u];
      at_b += (rest % extent) * params.b_row_strides[k / 4u][k % 4u];
      rest /= extent;
    }
    var part = Elem(0);
    for (var r = 0u; r < params.inner; r++) {
      if (HAS_B) {
        part += a[at_a] * b[at_b];
      } else {
        part += a[at_a];
      }
      at_a += params.a_inner_stride;
      at_b += params.b_inner_stride;
    }
    sum += part;
  }
  y[i] = sum;
}
