// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w', i] * weight[o, i, p, q]); a window of any size.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// Four invocations, a workgroup, hold 16 outputs: four each, for 8 columns of a row. Each loads the inputs of every fourth column
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [N, in_h, in_w, inputs] vec4s; y: [N, out_h, out_w, outputs] vec4s; bias: [outputs] vec4s.
// weight: [blocks of 16 outputs, kernel_h, kernel_w, inputs, invocation]; a matrix holds a column of four inputs for each of
// four outputs.
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
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_h: u32,
  dilation_w: u32,
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
  let left = (group.x / params.blocks) * 8u;
  let output = block * 4u + lane;
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
  var at_weight = block * params.kernel_h * params.kernel_w * params.inputs * 4u + lane;
  for (var p = 0u; p < params.kernel_h; p++) {
    // Rows and columns before the first wrap around to numbers beyond the last.
    let h = group.y * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      at_weight += params.kernel_w * params.inputs * 4u;
      continue;
    }
    let row = (group.z * params.in_h + h) * params.in_w;
    for (var q = 0u; q < params.kernel_w; q++) {
      let w0 = (left + lane) * params.stride_w + q * params.dilation_w - params.pad_w;
      let w1 = w0 + 4u * params.stride_w;
      let at0 = (row + min(w0, params.in_w - 1u)) * params.inputs;
      let at1 = (row + min(w1, params.in_w - 1u)) * params.inputs;
      for (var k = 0u; k < params.inputs; k++) {
        let m = weight[at_weight];
        at_weight += 4u;
        let v0 = select(vec4f(0), x[at0 + k], w0 < params.in_w);
        let v1 = select(vec4f(0), x[at1 + k], w1 < params.in_w);
        a0 += quadBroadcast(v0, 0u) * m;
        a1 += quadBroadcast(v0, 1u) * m;
        a2 += quadBroadcast(v0, 2u) * m;
        a3 += quadBroadcast(v0, 3u) * m;
        a4 += quadBroadcast(v1, 0u) * m;
        a5 += quadBroadcast(v1, 1u) * m;
        a6 += quadBroadcast(v1, 2u) * m;
        a7 += quadBroadcast(v1, 3u) * m;
      }
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
}
