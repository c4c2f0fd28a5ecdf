// y[i] = 1 where test(the bits of x[i]), else 0
// x, y: count words in any layout (vec4 where their number is a multiple of 4).
struct Params {
  count: u32, // in units of Elem
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

fn test(bits: Elem) -> Elem { return select(Elem(0), Elem(1), (bits & Elem(0x7fffffffu)) > Elem(0x7f800000u)); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  y[i] = test(x[i]);
}
