// m[i, tile, o] = sum over c of v[i, tile, c] * u[i, c, o]: the products of a convolution by Winograd's algorithm, for every point i.
// v: [points, rows, quads of inputs] vec4s; m: [points, rows, quads of outputs] vec4s; rows are tiles, 32 * n of them.
// u: [points, blocks of 16 outputs, quads of inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
// Four invocations, a workgroup, compute 32 rows and 16 outputs. Each loads every fourth row and hands it to the others: the
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
  let row = group.z * params.rows + group.y * 32u;
  let at0 = (row + lane) * params.inputs;
  let at1 = at0 + 4u * params.inputs;
  let at2 = at0 + 8u * params.inputs;
  let at3 = at0 + 12u * params.inputs;
  let at4 = at0 + 16u * params.inputs;
  let at5 = at0 + 20u * params.inputs;
  let at6 = at0 + 24u * params.inputs;
  let at7 = at0 + 28u * params.inputs;
  var at = (group.z * params.blocks + group.x) * params.inputs * 4u + lane;
  var a0 = vec4f(0);
  var a1 = vec4f(0);
  var a2 = vec4f(0);
  var a3 = vec4f(0);
  var a4 = vec4f(0);
  var a5 = vec4f(0);
  var a6 = vec4f(0);
  var a7 = vec4f(0);
  var a8 = vec4f(0);
  var a9 = vec4f(0);
  var a10 = vec4f(0);
  var a11 = vec4f(0);
  var a12 = vec4f(0);
  var a13 = vec4f(0);
  var a14 = vec4f(0);
  var a15 = vec4f(0);
  var a16 = vec4f(0);
  var a17 = vec4f(0);
  var a18 = vec4f(0);
  var a19 = vec4f(0);
  var a20 = vec4f(0);
  var a21 = vec4f(0);
  var a22 = vec4f(0);
  var a23 = vec4f(0);
  var a24 = vec4f(0);
  var a25 = vec4f(0);
  var a26 = vec4f(0);
  var a27 = vec4f(0);
  var a28 = vec4f(0);
  var a29 = vec4f(0);
  var a30 = vec4f(0);
  var a31 = vec4f(0);
  for (var k = 0u; k < params.inputs; k++) {
    let m0 = u[at];
    at += 4u;
    let v0 = v[at0 + k];
    let v1 = v[at1 + k];
    let v2 = v[at2 + k];
    let v3 = v[at3 + k];
    let v4 = v[at4 + k];
    let v5 = v[at5 + k];
    let v6 = v[at6 + k];
    let v7 = v[at7 + k];
    a0 += quadBroadcast(v0, 0u) * m0;
    a1 += quadBroadcast(v0, 1u) * m0;
    a2 += quadBroadcast(v0, 2u) * m0;
    a3 += quadBroadcast(v0, 3u) * m0;
    a4 += quadBroadcast(v1, 0u) * m0;
    a5 += quadBroadcast(v1, 1u) * m0;
    a6 += quadBroadcast(v1, 2u) * m0;
    a7 += quadBroadcast(v1, 3u) * m0;
    a8 += quadBroadcast(v2, 0u) * m0;
    a9 += quadBroadcast(v2, 1u) * m0;
    a10 += quadBroadcast(v2, 2u) * m0;
    a11 += quadBroadcast(v2, 3u) * m0;
    a12 += quadBroadcast(v3, 0u) * m0;
    a13 += quadBroadcast(v3, 1u) * m0;
    a14 += quadBroadcast(v3, 2u) * m0;
    a15 += quadBroadcast(v3, 3u) * m0;
    a16 += quadBroadcast(v4, 0u) * m0;
    a17 += quadBroadcast(v4, 1u) * m0;
    a18 += quadBroadcast(v4, 2u) * m0;
    a19 += quadBroadcast(v4, 3u) * m0;
    a20 += quadBroadcast(v5, 0u) * m0;
    a21 += quadBroadcast(v5, 1u) * m0;
    a22 += quadBroadcast(v5, 2u) * m0;
    a23 += quadBroadcast(v5, 3u) * m0;
    a24 += quadBroadcast(v6, 0u) * m0;
    a25 += quadBroadcast(v6, 1u) * m0;
    a26 += quadBroadcast(v6, 2u) * m0;
    a27 += quadBroadcast(v6, 3u) * m0;
    a28 += quadBroadcast(v7, 0u) * m0;
    a29 += quadBroadcast(v7, 1u) * m0;
    a30 += quadBroadcast(v7, 2u) * m0;
    a31 += quadBroadcast(v7, 3u) * m0;
  }
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(
    a0, a1, a2, a3,
    a4, a5, a6, a7,
    a8, a9, a10, a11,
    a12, a13, a14, a15,
    a16, a17, a18, a19,
    a20, a21, a22, a23,
    a24, a25, a26, a27,
    a28, a29, a30, a31,
  );
  let quad = group.x * 4u + lane;
  for (var i = 0u; i < 32u; i++) {
    if (quad < params.outputs) {
      m[(row + i) * params.outputs + quad] = sums[i];
    }
  }
}
