// y[m, i, j] = x[m, i, j] where keep(j - i - k), else 0
// x, y: [matrices, rows, columns], any 32-bit words; diagonal: k, one number.
struct Params {
  count: u32, // elements of y
  rows: u32,
  columns: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> diagonal: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override UPPER: bool = true;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let j = i32(at % params.columns);
  let i = i32(at / params.columns % params.rows);
  // No difference between indices is larger than this, and none of the sums overflows.
  let k = clamp(diagonal[0], -0x40000000, 0x40000000);
  let keep = select(j - i <= k, j - i >= k, UPPER);
  y[at] = select(0u, x[at], keep);
}
