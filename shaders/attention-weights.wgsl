// y[r, j] = exp(x[r, j] - max of x[r]) / sum over j of exp(x[r, j] - max of x[r]), or 0 where all of x[r] is -inf
// x, y: row-major [rows, length].
struct Params {
  rows: u32,
  length: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

override WORKGROUP_SIZE: u32 = 64;

/// On some devices exp of -inf or of NaN is not what it should be: only bits tell.
fn power(v: f32, largest: f32) -> f32 {
  let bits = bitcast<u32>(v);
  if (bits == 0xff800000u) {
    return 0.0;
  }
  return select(exp(v - largest), v, (bits & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.length;
  var largest = x[start];
  for (var j = 1u; j < params.length; j++) {
    largest = select(largest, x[start + j], x[start + j] > largest);
  }
  var sum = 0.0;
  for (var j = 0u; j < params.length; j++) {
    sum += power(x[start + j], largest);
  }
  for (var j = 0u; j < params.length; j++) {
    y[start + j] = select(power(x[start + j], largest) / sum, 0.0, sum == 0.0);
  }
}
