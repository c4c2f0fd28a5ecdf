// y[i] = epilogue(x[i])
// x, y: COUNT elements in any layout (vec4 where COUNT is a multiple of 4).
struct Params {
  count: u32, // invocations
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override PER: u32 = 1; // elements of an invocation: 1 or 4

fn epilogue(v: Elem) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let first = i * PER;
  let v = epilogue(x[first]);
  if (PER == 4u) {
    let v1 = epilogue(x[first + 1u]);
    let v2 = epilogue(x[first + 2u]);
    let v3 = epilogue(x[first + 3u]);
    y[first + 1u] = v1;
    y[first + 2u] = v2;
    y[first + 3u] = v3;
  }
  y[first] = v;
}
