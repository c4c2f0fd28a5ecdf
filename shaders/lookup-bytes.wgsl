// y[row * pitch + offset + i] = table[x[row, i]], for the four bytes of each word
// x: row-major [rows, run] of words of four 8-bit integers; y: words; table: a word for each of the 256 values of a byte.
struct Params {
  count: u32, // words of x
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
  let v = (vec4u(x[i]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  let b = vec4u(table[v.x], table[v.y], table[v.z], table[v.w]) & vec4u(255u);
  y[i / params.run * params.pitch + params.offset + i % params.run] = b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}
