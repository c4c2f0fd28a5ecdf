// y[b, c, r] = x[b, r, c]
// x: [batch, rows, columns], y: [batch, columns, rows], row-major, any 32-bit words, rows and columns in fours. An
// invocation moves a block of 4x4 through registers, for adapters on which workgroup memory is slow.
struct Params {
  count: u32, // blocks: batch * rows / 4 * columns / 4
  rows: u32, // in units of 4
  columns: u32, // in units of 4
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4u>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let row = i % params.rows;
  let column = i / params.rows % params.columns;
  let first = i / params.rows / params.columns * 4 * params.rows * params.columns;
  let at_x = first + 4 * row * params.columns + column;
  let a = x[at_x];
  let b = x[at_x + params.columns];
  let c = x[at_x + 2 * params.columns];
  let d = x[at_x + 3 * params.columns];
  let at_y = first + 4 * column * params.rows + row;
  y[at_y] = vec4u(a.x, b.x, c.x, d.x);
  y[at_y + params.rows] = vec4u(a.y, b.y, c.y, d.y);
  y[at_y + 2 * params.rows] = vec4u(a.z, b.z, c.z, d.z);
  y[at_y + 3 * params.rows] = vec4u(a.w, b.w, c.w, d.w);
}
