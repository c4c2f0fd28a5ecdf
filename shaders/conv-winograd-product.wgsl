// m[i, tile, o] = sum over c of v[i, tile, c] * u[i, c, o]: the products of a convolution by Winograd's algorithm, for every point i.
// v: [points, rows, quads of inputs] vec4s; m: [points, rows, quads of outputs] vec4s; rows are tiles, 16 * n of them.
// u: [points, blocks of 32 outputs, quads of inputs, 2, invocation]; a matrix holds a column of four inputs for each of four outputs.
// Four invocations, a workgroup, compute 16 rows and 32 outputs. Each loads every fourth row and hands it to the others: the
// loads, not the sums, are what a CPU adapter spends its time on.
enable subgroups;

struct Params {
  rows: u32,
  inputs: u32, // quads
  outputs: u32, // quads
  blocks: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> v: array<vec4f>;
@group(0) @binding(2) var<storage, read> u: array<mat4x4f>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4f>;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.z * params.rows + group.y * 16u;
  let at0 = (row + lane) * params.inputs;
  let at1 = at0 + 4u * params.inputs;
  let at2 = at0 + 8u * params.inputs;
  let at3 = at0 + 12u * params.inputs;
  var at = (group.z * params.blocks + group.x) * params.inputs * 8u + lane;
  var a0 = vec4f(0);
  var b0 = vec4f(0);
  var a1 = vec4f(0);
  var b1 = vec4f(0);
  var a2 = vec4f(0);
  var b2 = vec4f(0);
  var a3 = vec4f(0);
  var b3 = vec4f(0);
  var a4 = vec4f(0);
  var b4 = vec4f(0);
  var a5 = vec4f(0);
  var b5 = vec4f(0);
  var a6 = vec4f(0);
  var b6 = vec4f(0);
  var a7 = vec4f(0);
  var b7 = vec4f(0);
  var a8 = vec4f(0);
  var b8 = vec4f(0);
  var a9 = vec4f(0);
  var b9 = vec4f(0);
  var a10 = vec4f(0);
  var b10 = vec4f(0);
  var a11 = vec4f(0);
  var b11 = vec4f(0);
  var a12 = vec4f(0);
  var b12 = vec4f(0);
  var a13 = vec4f(0);
  var b13 = vec4f(0);
  var a14 = vec4f(0);
  var b14 = vec4f(0);
  var a15 = vec4f(0);
  var b15 = vec4f(0);
  for (var k = 0u; k < params.inputs; k++) {
    let m0 = u[at];
    let m1 = u[at + 4u];
    at += 8u;
    let v0 = v[at0 + k];
    let v1 = v[at1 + k];
    let v2 = v[at2 + k];
    let v3 = v[at3 + k];
    let x0 = quadBroadcast(v0, 0u);
    a0 += x0 * m0;
    b0 += x0 * m1;
    let x1 = quadBroadcast(v0, 1u);
    a1 += x1 * m0;
    b1 += x1 * m1;
    let x2 = quadBroadcast(v0, 2u);
    a2 += x2 * m0;
    b2 += x2 * m1;
    let x3 = quadBroadcast(v0, 3u);
    a3 += x3 * m0;
    b3 += x3 * m1;
    let x4 = quadBroadcast(v1, 0u);
    a4 += x4 * m0;
    b4 += x4 * m1;
    let x5 = quadBroadcast(v1, 1u);
    a5 += x5 * m0;
    b5 += x5 * m1;
    let x6 = quadBroadcast(v1, 2u);
    a6 += x6 * m0;
    b6 += x6 * m1;
    let x7 = quadBroadcast(v1, 3u);
    a7 += x7 * m0;
    b7 += x7 * m1;
    let x8 = quadBroadcast(v2, 0u);
    a8 += x8 * m0;
    b8 += x8 * m1;
    let x9 = quadBroadcast(v2, 1u);
    a9 += x9 * m0;
    b9 += x9 * m1;
    let x10 = quadBroadcast(v2, 2u);
    a10 += x10 * m0;
    b10 += x10 * m1;
    let x11 = quadBroadcast(v2, 3u);
    a11 += x11 * m0;
    b11 += x11 * m1;
    let x12 = quadBroadcast(v3, 0u);
    a12 += x12 * m0;
    b12 += x12 * m1;
    let x13 = quadBroadcast(v3, 1u);
    a13 += x13 * m0;
    b13 += x13 * m1;
    let x14 = quadBroadcast(v3, 2u);
    a14 += x14 * m0;
    b14 += x14 * m1;
    let x15 = quadBroadcast(v3, 3u);
    a15 += x15 * m0;
    b15 += x15 * m1;
  }
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(
    a0, b0,
    a1, b1,
    a2, b2,
    a3, b3,
    a4, b4,
    a5, b5,
    a6, b6,
    a7, b7,
    a8, b8,
    a9, b9,
    a10, b10,
    a11, b11,
    a12, b12,
    a13, b13,
    a14, b14,
    a15, b15,
  );
  for (var i = 0u; i < 32u; i++) {
    let quad = group.x * 8u + 4u * (i % 2u) + lane;
    if (quad < params.outputs) {
      m[(row + i / 2u) * params.outputs + quad] = sums[i];
    }
  }
}
