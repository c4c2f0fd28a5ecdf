// y[z, r, c] = x[z, r, c] where r < rows and c < columns, else 0
// x: the element at (z, r, c) is at z * x_matrix + r * x_row + c * x_column.
// y: row-major [Z, rows4, columns4], rows and columns padded to multiples of 4; columns4 is in vec4.
struct Params {
  count: u32, // vec4s of y
  rows: u32,
  columns: u32,
  rows4: u32,
  columns4: u32,
  x_matrix: u32,
  x_row: u32,
  x_column: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let column = 4 * (i % params.columns4);
  let row = (i / params.columns4) % params.rows4;
  let z = i / (params.columns4 * params.rows4);
  var v = vec4f();
  if (row < params.rows) {
    let step = params.x_column;
    let at = z * params.x_matrix + row * params.x_row + column * step;
    let inside = vec4u(column, column + 1, column + 2, column + 3) < vec4u(params.columns);
    v = select(v, vec4f(x[at], x[at + step], x[at + 2 * step], x[at + 3 * step]), inside);
  }
  y[i] = v;
}
