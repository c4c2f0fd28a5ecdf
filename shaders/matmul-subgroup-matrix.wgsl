// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// Four subgroups of a workgroup compute 32 rows and 32 columns, each 16 x 16 on the matrix units of the GPU.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
enable chromium_experimental_subgroup_matrix;
enable subgroups;
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // tiles in all
  bias_row: u32,
  bias_column: u32,
  alpha: f32,
  beta: f32,
  batch_rank: u32,
  batch_shape: array<vec4u, 2>, // innermost first
  a_batch: array<vec4u, 2>,
  b_batch: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Out>;
@group(0) @binding(5) var<storage, read> extra_b: array<Out>;
@group(0) @binding(6) var<storage, read_write> y: array<Out>;

alias Elem = vec4f;
alias Weight = vec4f; // vec2u where four float16 are packed in it
alias Out = f32; // vec4f where N is a multiple of 4
alias Component = f32; // or f16
const UNIT: u32 = 1; // scalars in an Out
const SIDE_M: u32 = 8; // rows, columns and depth of a product of the matrix units; they divide 16
const SIDE_N: u32 = 8;
const SIDE_K: u32 = 8;
const SUBGROUP: u32 = 32;
const TILE: u32 = 32;
const INVOCATIONS: u32 = 4 * SUBGROUP;
const ROWS: u32 = 16 / SIDE_M; // matrices that a subgroup has below each other
const COLUMNS: u32 = 16 / SIDE_N;
override HAS_BIAS: bool = false;

var<workgroup> tile_a: array<Component, TILE * TILE>;
var<workgroup> tile_b: array<Component, TILE * TILE>;
var<workgroup> tile_y: array<f32, TILE * TILE>;

fn weight(at: u32) -> vec4f { return b[at]; }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn store(at: u32, left: u32, v: Elem) -> bool { y[at] = v.x; if (left > 1) { y[at + 1] = v.y; } if (left > 2) { y[at + 2] = v.z; } if (left > 3) { y[at + 3] = v.w; } return true; }

fn batch_offsets(z: u32) -> vec2u {
  var rest = z;
  var offsets = vec2u();
  for (var i = 0u; i < params.batch_rank; i++) {
    let extent = params.batch_shape[i / 4][i % 4];
    offsets += (rest % extent) * vec2u(params.a_batch[i / 4][i % 4], params.b_batch[i / 4][i % 4]);
    rest /= extent;
  }
  return offsets;
}

fn load(start: vec2u, row0: u32, column0: u32, k0: u32, lane: u32) {
  for (var i = lane; i < TILE * TILE / 4; i += INVOCATIONS) {
    let row = i / (TILE / 4);
    let four = i % (TILE / 4);
    var v = vec4f();
    var w = vec4f();
    if (row0 + row < params.m && k0 + four < params.k4) {
      v = a[start.x + (row0 + row) * params.k4 + k0 + four];
    }
    if (4 * k0 + row < 4 * params.k4 && column0 + four < params.n4) {
      w = weight(start.y + (4 * k0 + row) * params.n4 + column0 + four);
    }
    for (var lane4 = 0u; lane4 < 4; lane4++) {
      tile_a[4 * i + lane4] = Component(v[lane4]);
      tile_b[4 * i + lane4] = Component(w[lane4]);
    }
  }
}

fn finish(z: u32, row: u32, column4: u32, sum: vec4f) {
  if (row >= params.m || column4 >= params.n4) {
    return;
  }
  let column = 4 * column4;
  var v = params.alpha * sum;
  if (HAS_BIAS) {
    let at = row * params.bias_row + column * params.bias_column;
    let step = params.bias_column;
    v += params.beta * vec4f(bias[at], bias[at + step], bias[at + 2 * step], bias[at + 3 * step]);
  }
  let at_y = (z * params.m + row) * params.n + column;
  store(at_y, params.n - column, epilogue(v, at_y / UNIT, column / UNIT));
}

@compute @workgroup_size(INVOCATIONS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_id) quarter: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= params.count) {
    return;
  }
  let tiles_n = (4 * params.n4 + TILE - 1) / TILE;
  let tiles_m = (params.m + TILE - 1) / TILE;
  let column0 = (i % tiles_n) * (TILE / 4);
  let row0 = ((i / tiles_n) % tiles_m) * TILE;
  let z = i / (tiles_n * tiles_m);
  let start = batch_offsets(z);
  let from_a = (quarter / 2) * 16 * TILE;
  let from_b = (quarter % 2) * 16;
  var sums: array<subgroup_matrix_result<f32, SIDE_N, SIDE_M>, ROWS * COLUMNS>;
  for (var k0 = 0u; k0 < params.k4; k0 += TILE / 4) {
    load(start, row0, column0, k0, lane);
    workgroupBarrier();
    for (var k = 0u; k < TILE; k += SIDE_K) {
      for (var r = 0u; r < ROWS; r++) {
        let left = subgroupMatrixLoad<subgroup_matrix_left<Component, SIDE_K, SIDE_M>, row_major>(
          &tile_a, from_a + r * SIDE_M * TILE + k, TILE);
        for (var c = 0u; c < COLUMNS; c++) {
          let right = subgroupMatrixLoad<subgroup_matrix_right<Component, SIDE_N, SIDE_K>, row_major>(
            &tile_b, from_b + k * TILE + c * SIDE_N, TILE);
          sums[r * COLUMNS + c] = subgroupMatrixMultiplyAccumulate(left, right, sums[r * COLUMNS + c]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var r = 0u; r < ROWS; r++) {
    for (var c = 0u; c < COLUMNS; c++) {
      subgroupMatrixStore<row_major>(&tile_y, from_a + r * SIDE_M * TILE + from_b + c * SIDE_N, sums[r * COLUMNS + c], TILE);
    }
  }
  workgroupBarrier();
  for (var at = lane; at < TILE * TILE / 4; at += INVOCATIONS) {
    let v = vec4f(tile_y[4 * at], tile_y[4 * at + 1], tile_y[4 * at + 2], tile_y[4 * at + 3]);
    finish(z, row0 + at / (TILE / 4), column0 + at % (TILE / 4), v);
  }
}
