// y[m, n] = sum over k of a[m, k] * b[k, n]
// a: rows of k4 vec4. b: 4 * k4 rows of n4 vec4. Both padded with zeros. y: row-major [M, N].
// A workgroup computes 64 x 64 elements, an invocation 4 x 4 of them, whose sums stay in registers: every number that it
// reads from workgroup memory serves four sums.
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const THREADS: u32 = 16; // along rows, and along columns
const TILE: u32 = 4 * THREADS;
const BLOCKS_K: u32 = 4; // vec4s of a tile along k

var<workgroup> tile_a: array<array<vec4f, BLOCKS_K>, TILE>;
var<workgroup> tile_b: array<array<vec4f, THREADS>, 4 * BLOCKS_K>;

fn multiply(v: vec4f, k4: u32, x: u32) -> vec4f {
  let k = 4 * k4;
  return v.x * tile_b[k][x] + v.y * tile_b[k + 1][x] + v.z * tile_b[k + 2][x] + v.w * tile_b[k + 3][x];
}

fn store(row: u32, column: u32, sum: vec4f) {
  if (row >= params.m || column >= params.n) {
    return;
  }
  for (var i = 0u; i < min(4u, params.n - column); i++) {
    y[row * params.n + column + i] = sum[i];
  }
}

@compute @workgroup_size(THREADS, THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_row = group.y * TILE;
  let column4 = group.x * THREADS + local.x;
  // One vec4 of each tile is this invocation's to load.
  let row_of_a = lane / BLOCKS_K;
  let block_of_a = lane % BLOCKS_K;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  for (var k0 = 0u; k0 < params.k4; k0 += BLOCKS_K) {
    tile_a[row_of_a][block_of_a] = vec4f();
    tile_b[local.y][local.x] = vec4f();
    if (first_row + row_of_a < params.m && k0 + block_of_a < params.k4) {
      tile_a[row_of_a][block_of_a] = a[(first_row + row_of_a) * params.k4 + k0 + block_of_a];
    }
    if (4 * k0 + local.y < 4 * params.k4 && column4 < params.n4) {
      tile_b[local.y][local.x] = b[(4 * k0 + local.y) * params.n4 + column4];
    }
    workgroupBarrier();
    for (var k4 = 0u; k4 < BLOCKS_K; k4++) {
      sum0 += multiply(tile_a[4 * local.y][k4], k4, local.x);
      sum1 += multiply(tile_a[4 * local.y + 1][k4], k4, local.x);
      sum2 += multiply(tile_a[4 * local.y + 2][k4], k4, local.x);
      sum3 += multiply(tile_a[4 * local.y + 3][k4], k4, local.x);
    }
    workgroupBarrier();
  }
  let row = first_row + 4 * local.y;
  store(row, 4 * column4, sum0);
  store(row + 1, 4 * column4, sum1);
  store(row + 2, 4 * column4, sum2);
  store(row + 3, 4 * column4, sum3);
}
