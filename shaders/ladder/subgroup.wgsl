// y[m, n] = sum over k of a[m, k] * b[k, n]
// a: rows of k4 vec4. b: 4 * k4 rows of n4 vec4. Both padded with zeros. y: row-major [M, N].
// Four neighbouring invocations (a quad) compute 8 rows and 16 columns, an invocation 8 rows and 4 columns. Each reads two
// of the rows of a, and hands them to the others from register to register: no workgroup memory, no barrier.
enable subgroups;

struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // quads in all
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const WORKGROUP_SIZE: u32 = 64; // a multiple of 4: invocations 4i to 4i + 3 must be a quad

fn store(row: u32, column: u32, sum: vec4f) {
  if (row >= params.m || column >= params.n) {
    return;
  }
  for (var i = 0u; i < min(4u, params.n - column); i++) {
    y[row * params.n + column + i] = sum[i];
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let lane = id.x % 4;
  // Quads beyond the last repeat its work, so that all reach the broadcasts.
  let quad = (id.x + id.y * groups.x * WORKGROUP_SIZE) / 4;
  let i = min(quad, params.count - 1);
  let tiles_n = (params.n4 + 3) / 4;
  let row = 8 * (i / tiles_n);
  let column4 = 4 * (i % tiles_n) + lane;
  let upper = min(row + lane, params.m - 1) * params.k4;
  let lower = min(row + 4 + lane, params.m - 1) * params.k4;
  var at = min(column4, params.n4 - 1);
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  var sum4 = vec4f();
  var sum5 = vec4f();
  var sum6 = vec4f();
  var sum7 = vec4f();
  for (var k4 = 0u; k4 < params.k4; k4++) {
    let block = mat4x4f(b[at], b[at + params.n4], b[at + 2 * params.n4], b[at + 3 * params.n4]);
    at += 4 * params.n4;
    let u = a[upper + k4];
    let l = a[lower + k4];
    sum0 += block * quadBroadcast(u, 0u);
    sum1 += block * quadBroadcast(u, 1u);
    sum2 += block * quadBroadcast(u, 2u);
    sum3 += block * quadBroadcast(u, 3u);
    sum4 += block * quadBroadcast(l, 0u);
    sum5 += block * quadBroadcast(l, 1u);
    sum6 += block * quadBroadcast(l, 2u);
    sum7 += block * quadBroadcast(l, 3u);
  }
  if (quad >= params.count) {
    return;
  }
  store(row, 4 * column4, sum0);
  store(row + 1, 4 * column4, sum1);
  store(row + 2, 4 * column4, sum2);
  store(row + 3, 4 * column4, sum3);
  store(row + 4, 4 * column4, sum4);
  store(row + 5, 4 * column4, sum5);
  store(row + 6, 4 * column4, sum6);
  store(row + 7, 4 * column4, sum7);
}
