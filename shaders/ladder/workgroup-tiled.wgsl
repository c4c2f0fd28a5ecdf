// y[m, n] = sum over k of a[m, k] * b[k, n]
// a: [M, K]. b: [K, N]. y: [M, N]. All row-major.
// A workgroup computes TILE x TILE elements, an invocation one of them. The workgroup copies a tile of a and one of b to
// its own memory, where every number serves TILE invocations, before it goes on along k.
struct Params {
  m: u32,
  n: u32,
  k: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const TILE: u32 = 16;

var<workgroup> tile_a: array<array<f32, TILE>, TILE>;
var<workgroup> tile_b: array<array<f32, TILE>, TILE>;

@compute @workgroup_size(TILE, TILE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = id.y;
  let column = id.x;
  var sum = 0.0;
  for (var k0 = 0u; k0 < params.k; k0 += TILE) {
    // Beyond the edges the tiles are 0.
    let k_of_a = k0 + local.x;
    let k_of_b = k0 + local.y;
    tile_a[local.y][local.x] = 0.0;
    tile_b[local.y][local.x] = 0.0;
    if (row < params.m && k_of_a < params.k) {
      tile_a[local.y][local.x] = a[row * params.k + k_of_a];
    }
    if (k_of_b < params.k && column < params.n) {
      tile_b[local.y][local.x] = b[k_of_b * params.n + column];
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE; k++) {
      sum += tile_a[local.y][k] * tile_b[k][local.x];
    }
    workgroupBarrier();
  }
  if (row < params.m && column < params.n) {
    y[row * params.n + column] = sum;
  }
}
