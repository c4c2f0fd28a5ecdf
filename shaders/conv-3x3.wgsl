// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h + p - pad_h, w + q - pad_w, i] * weight[o, i, p, q]).
// A 3x3 window that moves by one; outside of x it adds nothing.
// Four invocations, a workgroup, hold 16 outputs: four each, for 14 columns of a row. Each loads the inputs of every fourth column
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// Three neighbouring outputs share a column.
// x: [N, in_h, in_w, inputs] vec4s; y: [N, out_h, out_w, outputs] vec4s; bias: [outputs] vec4s.
// weight: [blocks of 16 outputs, 3, 3, inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32, // in vec4s, as outputs
  outputs: u32,
  blocks: u32,
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  pad_h: u32,
  pad_w: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<mat4x4f>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

// y at the column, for the four outputs of this invocation.
fn store(row: u32, column: u32, output: u32, v: Elem) {
  if (column < params.out_w && output < params.outputs) {
    let at = row + column * params.outputs;
    y[at] = epilogue(v, at, output);
  }
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x % params.blocks;
  let left = (group.x / params.blocks) * 14u;
  let output = block * 4u + lane;
  // Rows and columns before the first wrap around to numbers beyond the last.
  let w0 = left + lane + 0u - params.pad_w;
  let w1 = left + lane + 4u - params.pad_w;
  let w2 = left + lane + 8u - params.pad_w;
  let w3 = left + lane + 12u - params.pad_w;
  let last = params.in_w - 1u;
  var a0 = Elem(0);
  if (HAS_BIAS) {
    a0 = bias[min(output, params.outputs - 1u)];
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var a4 = a0;
  var a5 = a0;
  var a6 = a0;
  var a7 = a0;
  var a8 = a0;
  var a9 = a0;
  var a10 = a0;
  var a11 = a0;
  var a12 = a0;
  var a13 = a0;
  let tap = params.inputs * 4u;
  for (var p = 0u; p < 3u; p++) {
    let h = group.y + p - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    let row = (group.z * params.in_h + h) * params.in_w;
    var at_weight = (block * 3u + p) * 3u * tap + lane;
    for (var k = 0u; k < params.inputs; k++) {
      let m0 = weight[at_weight];
      let m1 = weight[at_weight + tap];
      let m2 = weight[at_weight + 2u * tap];
      at_weight += 4u;
      let v0 = select(vec4f(0), x[(row + min(w0, last)) * params.inputs + k], w0 <= last);
      let v1 = select(vec4f(0), x[(row + min(w1, last)) * params.inputs + k], w1 <= last);
      let v2 = select(vec4f(0), x[(row + min(w2, last)) * params.inputs + k], w2 <= last);
      let v3 = select(vec4f(0), x[(row + min(w3, last)) * params.inputs + k], w3 <= last);
      let x0 = quadBroadcast(v0, 0u);
      let x1 = quadBroadcast(v0, 1u);
      let x2 = quadBroadcast(v0, 2u);
      let x3 = quadBroadcast(v0, 3u);
      let x4 = quadBroadcast(v1, 0u);
      let x5 = quadBroadcast(v1, 1u);
      let x6 = quadBroadcast(v1, 2u);
      let x7 = quadBroadcast(v1, 3u);
      let x8 = quadBroadcast(v2, 0u);
      let x9 = quadBroadcast(v2, 1u);
      let x10 = quadBroadcast(v2, 2u);
      let x11 = quadBroadcast(v2, 3u);
      let x12 = quadBroadcast(v3, 0u);
      let x13 = quadBroadcast(v3, 1u);
      let x14 = quadBroadcast(v3, 2u);
      let x15 = quadBroadcast(v3, 3u);
      a0 += x0 * m0 + x1 * m1 + x2 * m2;
      a1 += x1 * m0 + x2 * m1 + x3 * m2;
      a2 += x2 * m0 + x3 * m1 + x4 * m2;
      a3 += x3 * m0 + x4 * m1 + x5 * m2;
      a4 += x4 * m0 + x5 * m1 + x6 * m2;
      a5 += x5 * m0 + x6 * m1 + x7 * m2;
      a6 += x6 * m0 + x7 * m1 + x8 * m2;
      a7 += x7 * m0 + x8 * m1 + x9 * m2;
      a8 += x8 * m0 + x9 * m1 + x10 * m2;
      a9 += x9 * m0 + x10 * m1 + x11 * m2;
      a10 += x10 * m0 + x11 * m1 + x12 * m2;
      a11 += x11 * m0 + x12 * m1 + x13 * m2;
      a12 += x12 * m0 + x13 * m1 + x14 * m2;
      a13 += x13 * m0 + x14 * m1 + x15 * m2;
    }
  }
  let at = (group.z * params.out_h + group.y) * params.out_w * params.outputs + output;
  store(at, left + 0u, output, a0);
  store(at, left + 1u, output, a1);
  store(at, left + 2u, output, a2);
  store(at, left + 3u, output, a3);
  store(at, left + 4u, output, a4);
  store(at, left + 5u, output, a5);
  store(at, left + 6u, output, a6);
  store(at, left + 7u, output, a7);
  store(at, left + 8u, output, a8);
  store(at, left + 9u, output, a9);
  store(at, left + 10u, output, a10);
  store(at, left + 11u, output, a11);
  store(at, left + 12u, output, a12);
  store(at, left + 13u, output, a13);
}
