// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// A workgroup computes a tile of 8 * THREADS_Y rows and 8 * THREADS_X columns, an invocation 8 rows and 8 columns of it.
// With two STAGES the tiles of the next k are read while the products of the present ones are summed.
// With several splits of k, each is a workgroup's own, and y is their sums one after the other, [splits, Z, M, N].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // tiles in all
  batches: u32, // Z
  split_k4: u32, // vec4s of k in a split, a multiple of BLOCKS_K
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
const UNIT: u32 = 1; // scalars in an Out
const THREADS_X: u32 = 8;
const THREADS_Y: u32 = 8;
const TILE_K: u32 = 16;
const STAGES: u32 = 2; // or 1
const PADDING: u32 = 1; // spreads a column of the tile of a over the banks
const BLOCKS_K: u32 = TILE_K / 4;
const COLUMNS: u32 = 2 * THREADS_X; // vec4s in a row of the tile of b
const ROWS: u32 = 2 * THREADS_Y; // vec4s in a row of the tile of a, which is transposed
const PITCH: u32 = ROWS + PADDING;
const INVOCATIONS: u32 = THREADS_X * THREADS_Y;
// An invocation loads at most one 4x4 block of a and four vec4s of b in a step.
const_assert ROWS * BLOCKS_K <= INVOCATIONS;
const_assert TILE_K * COLUMNS <= 4 * INVOCATIONS;
override HAS_BIAS: bool = false;

var<workgroup> tile_a: array<vec4f, STAGES * TILE_K * PITCH>;
var<workgroup> tile_b: array<vec4f, STAGES * TILE_K * COLUMNS>;

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

fn read_a(start: u32, row0: u32, k0: u32, end: u32, lane: u32) -> mat4x4f {
  let k = k0 + lane % BLOCKS_K;
  if (k >= end || lane >= ROWS * BLOCKS_K) {
    return mat4x4f();
  }
  let row = row0 + 4 * (lane / BLOCKS_K);
  let last = params.m - 1;
  let at = start + k;
  return transpose(mat4x4f(
    a[at + min(row, last) * params.k4],
    a[at + min(row + 1, last) * params.k4],
    a[at + min(row + 2, last) * params.k4],
    a[at + min(row + 3, last) * params.k4],
  ));
}

fn write_a(stage: u32, lane: u32, block: mat4x4f) {
  if (lane < ROWS * BLOCKS_K) {
    let to = (stage * TILE_K + 4 * (lane % BLOCKS_K)) * PITCH + lane / BLOCKS_K;
    tile_a[to] = block[0];
    tile_a[to + PITCH] = block[1];
    tile_a[to + 2 * PITCH] = block[2];
    tile_a[to + 3 * PITCH] = block[3];
  }
}

fn read_b(start: u32, column0: u32, k0: u32, end: u32, i: u32) -> vec4f {
  let k = 4 * k0 + i / COLUMNS;
  if (k >= 4 * end || i >= TILE_K * COLUMNS) {
    return vec4f();
  }
  return weight(start + k * params.n4 + min(column0 + i % COLUMNS, params.n4 - 1));
}

fn write_b(stage: u32, i: u32, v: vec4f) {
  if (i < TILE_K * COLUMNS) {
    tile_b[stage * TILE_K * COLUMNS + i] = v;
  }
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= params.count) {
    return;
  }
  let tiles_n = (params.n4 + COLUMNS - 1) / COLUMNS;
  let tiles_m = (params.m + 4 * ROWS - 1) / (4 * ROWS);
  let column0 = (i % tiles_n) * COLUMNS;
  let row0 = ((i / tiles_n) % tiles_m) * 4 * ROWS;
  let z = i / (tiles_n * tiles_m);
  let begin = (z / params.batches) * params.split_k4;
  let end = min(begin + params.split_k4, params.k4);
  let start = batch_offsets(z % params.batches);
  var c0 = vec4f();
  var c1 = vec4f();
  var c2 = vec4f();
  var c3 = vec4f();
  var c4 = vec4f();
  var c5 = vec4f();
  var c6 = vec4f();
  var c7 = vec4f();
  var d0 = vec4f();
  var d1 = vec4f();
  var d2 = vec4f();
  var d3 = vec4f();
  var d4 = vec4f();
  var d5 = vec4f();
  var d6 = vec4f();
  var d7 = vec4f();
  var next_a = read_a(start.x, row0, begin, end, lane);
  var next_b0 = read_b(start.y, column0, begin, end, lane);
  var next_b1 = read_b(start.y, column0, begin, end, lane + INVOCATIONS);
  var next_b2 = read_b(start.y, column0, begin, end, lane + 2 * INVOCATIONS);
  var next_b3 = read_b(start.y, column0, begin, end, lane + 3 * INVOCATIONS);
  var stage = 0u;
  for (var k0 = begin; k0 < end; k0 += BLOCKS_K) {
    write_a(stage, lane, next_a);
    write_b(stage, lane, next_b0);
    write_b(stage, lane + INVOCATIONS, next_b1);
    write_b(stage, lane + 2 * INVOCATIONS, next_b2);
    write_b(stage, lane + 3 * INVOCATIONS, next_b3);
    workgroupBarrier();
    let next = k0 + BLOCKS_K;
    next_a = read_a(start.x, row0, next, end, lane);
    next_b0 = read_b(start.y, column0, next, end, lane);
    next_b1 = read_b(start.y, column0, next, end, lane + INVOCATIONS);
    next_b2 = read_b(start.y, column0, next, end, lane + 2 * INVOCATIONS);
    next_b3 = read_b(start.y, column0, next, end, lane + 3 * INVOCATIONS);
    let at_a = stage * TILE_K * PITCH + local.y;
    let at_b = stage * TILE_K * COLUMNS + local.x;
    for (var k = 0u; k < TILE_K; k++) {
      let top = tile_a[at_a + k * PITCH];
      let bottom = tile_a[at_a + k * PITCH + THREADS_Y];
      let left = tile_b[at_b + k * COLUMNS];
      let right = tile_b[at_b + k * COLUMNS + THREADS_X];
      c0 = fma(vec4f(top.x), left, c0);
      d0 = fma(vec4f(top.x), right, d0);
      c1 = fma(vec4f(top.y), left, c1);
      d1 = fma(vec4f(top.y), right, d1);
      c2 = fma(vec4f(top.z), left, c2);
      d2 = fma(vec4f(top.z), right, d2);
      c3 = fma(vec4f(top.w), left, c3);
      d3 = fma(vec4f(top.w), right, d3);
      c4 = fma(vec4f(bottom.x), left, c4);
      d4 = fma(vec4f(bottom.x), right, d4);
      c5 = fma(vec4f(bottom.y), left, c5);
      d5 = fma(vec4f(bottom.y), right, d5);
      c6 = fma(vec4f(bottom.z), left, c6);
      d6 = fma(vec4f(bottom.z), right, d6);
      c7 = fma(vec4f(bottom.w), left, c7);
      d7 = fma(vec4f(bottom.w), right, d7);
    }
    // With two stages, the barrier of the next step comes before anyone writes what is read here.
    if (STAGES == 1) {
      workgroupBarrier();
    }
    stage = (stage + 1) % STAGES;
  }
  let row = row0 + 4 * local.y;
  let low = row + 4 * THREADS_Y;
  let column = column0 + local.x;
  let far = column + THREADS_X;
  finish(z, row, column, c0);
  finish(z, row, far, d0);
  finish(z, row + 1, column, c1);
  finish(z, row + 1, far, d1);
  finish(z, row + 2, column, c2);
  finish(z, row + 2, far, d2);
  finish(z, row + 3, column, c3);
  finish(z, row + 3, far, d3);
  finish(z, low, column, c4);
  finish(z, low, far, d4);
  finish(z, low + 1, column, c5);
  finish(z, low + 1, far, d5);
  finish(z, low + 2, column, c6);
  finish(z, low + 2, far, d6);
  finish(z, low + 3, column, c7);
  finish(z, low + 3, far, d7);
}
