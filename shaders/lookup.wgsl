// y[row * pitch + offset + i] = table[x[row, i]]
// x: row-major [rows, run] of 8-bit integers, one word each; y: words; table: a word for each of the 256 low bytes of x.
struct Params {
  count: u32, // elements of x
  run: u32,
  pitch: u32,
  offset: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  y[i / params.run * params.pitch + params.offset + i % params.run] = table[x[i] & 255u];
}
