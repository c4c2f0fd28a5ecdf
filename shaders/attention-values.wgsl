// y[b, h, i, c] = sum over j of x[b, h, i, j] * v[b, h / group, j, c]
// x: row-major [batch, heads, queries, keys]; v, y: [batch, heads, sequence, width] by strides that count in Elems.
struct Params {
  count: u32,
  heads: u32,
  queries: u32,
  keys: u32,
  group: u32, // heads of x for one of v
  width: u32,
  v_batch: u32,
  v_head: u32,
  v_row: u32,
  y_batch: u32,
  y_head: u32,
  y_row: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<Elem>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let c = at % params.width;
  let i = at / params.width % params.queries;
  let h = at / (params.width * params.queries) % params.heads;
  let b = at / (params.width * params.queries * params.heads);
  let at_x = ((b * params.heads + h) * params.queries + i) * params.keys;
  let at_v = b * params.v_batch + h / params.group * params.v_head + c;
  var sum = Elem();
  for (var j = 0u; j < params.keys; j++) {
    sum += x[at_x + j] * v[at_v + j * params.v_row];
  }
  y[b * params.y_batch + h * params.y_head + i * params.y_row + c] = sum;
}
