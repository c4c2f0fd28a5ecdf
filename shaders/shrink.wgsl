// y[i] = epilogue(x[i] + bias where x[i] < -lambd, x[i] - bias where x[i] > lambd, else 0)
// x, y: count elements in any layout (vec4 where their number is a multiple of 4).
struct Params {
  count: u32, // in units of Elem
  lambd: f32,
  bias: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

fn epilogue(v: Elem) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let v = x[i];
  let above = select(Elem(0), v - Elem(params.bias), v > Elem(params.lambd));
  y[i] = epilogue(select(above, v + Elem(params.bias), v < Elem(-params.lambd)));
}
