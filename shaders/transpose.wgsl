// y[b, c, r] = x[b, r, c]
// x: [batch, rows, columns], y: [batch, columns, rows], row-major, any 32-bit words. A workgroup moves a tile through
// workgroup memory, so that both its reads and its writes are of neighbours; the tile's rows are padded by one word so
// that a column lies in different banks.
struct Params {
  rows: u32,
  columns: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

const TILE = 16;
var<workgroup> tile: array<array<u32, TILE + 1>, TILE>;

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let first = group.z * params.rows * params.columns;
  let row = group.y * TILE + local.y;
  let column = group.x * TILE + local.x;
  if (row < params.rows && column < params.columns) {
    tile[local.y][local.x] = x[first + row * params.columns + column];
  }
  workgroupBarrier();
  let y_column = group.x * TILE + local.y;
  let y_row = group.y * TILE + local.x;
  if (y_column < params.columns && y_row < params.rows) {
    y[first + y_column * params.rows + y_row] = tile[local.x][local.y];
  }
}
