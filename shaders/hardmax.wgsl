// y[o, k, i] = 1 where x[o, k, i] is the first maximum of x[o, :, i], else 0: one invocation for each (o, i)
// x, y: [outer, extent, inner], row-major.
struct Params {
  count: u32, // outer * inner
  extent: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WORKGROUP_SIZE: u32 = 64;

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let start = (i / params.inner * params.extent) * params.inner + i % params.inner;
  var best = x[start];
  var place = 0u;
  for (var k = 1u; k < params.extent; k++) {
    let v = x[start + k * params.inner];
    if (!is_nan(best) && (is_nan(v) || v > best)) {
      best = v;
      place = k;
    }
  }
  for (var k = 0u; k < params.extent; k++) {
    y[start + k * params.inner] = select(0.0, 1.0, k == place);
  }
}
