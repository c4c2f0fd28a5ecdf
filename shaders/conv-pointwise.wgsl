// y[pixel, o] = epilogue(bias[o] + sum over i of x[pixel, i] * weight[o, i]): a 1x1 convolution over pixels in a row.
// Four invocations, a workgroup, hold 16 outputs: four each, for 16 pixels. Each loads the inputs of every fourth pixel
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [pixels, inputs] vec4s; y: [pixels, outputs] vec4s; bias: [outputs] vec4s.
// weight: [blocks of 16 outputs, inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32, // in vec4s, as outputs
  outputs: u32,
  pixels: u32,
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

// y at the pixel, for the four outputs of this invocation.
fn store(pixel: u32, output: u32, v: Elem) {
  if (pixel < params.pixels && output < params.outputs) {
    let at = pixel * params.outputs + output;
    y[at] = epilogue(v, at, output);
  }
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y + group.z * groups.y) * 16u;
  if (first >= params.pixels) {
    return;
  }
  let output = group.x * 4u + lane;
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
  var a14 = a0;
  var a15 = a0;
  let at0 = min(first + lane + 0u, params.pixels - 1u) * params.inputs;
  let at1 = min(first + lane + 4u, params.pixels - 1u) * params.inputs;
  let at2 = min(first + lane + 8u, params.pixels - 1u) * params.inputs;
  let at3 = min(first + lane + 12u, params.pixels - 1u) * params.inputs;
  var at_weight = group.x * params.inputs * 4u + lane;
  for (var k = 0u; k < params.inputs; k++) {
    let m = weight[at_weight];
    at_weight += 4u;
    let v0 = x[at0 + k];
    let v1 = x[at1 + k];
    let v2 = x[at2 + k];
    let v3 = x[at3 + k];
    a0 += quadBroadcast(v0, 0u) * m;
    a1 += quadBroadcast(v0, 1u) * m;
    a2 += quadBroadcast(v0, 2u) * m;
    a3 += quadBroadcast(v0, 3u) * m;
    a4 += quadBroadcast(v1, 0u) * m;
    a5 += quadBroadcast(v1, 1u) * m;
    a6 += quadBroadcast(v1, 2u) * m;
    a7 += quadBroadcast(v1, 3u) * m;
    a8 += quadBroadcast(v2, 0u) * m;
    a9 += quadBroadcast(v2, 1u) * m;
    a10 += quadBroadcast(v2, 2u) * m;
    a11 += quadBroadcast(v2, 3u) * m;
    a12 += quadBroadcast(v3, 0u) * m;
    a13 += quadBroadcast(v3, 1u) * m;
    a14 += quadBroadcast(v3, 2u) * m;
    a15 += quadBroadcast(v3, 3u) * m;
  }
  store(first + 0u, output, a0);
  store(first + 1u, output, a1);
  store(first + 2u, output, a2);
  store(first + 3u, output, a3);
  store(first + 4u, output, a4);
  store(first + 5u, output, a5);
  store(first + 6u, output, a6);
  store(first + 7u, output, a7);
  store(first + 8u, output, a8);
  store(first + 9u, output, a9);
  store(first + 10u, output, a10);
  store(first + 11u, output, a11);
  store(first + 12u, output, a12);
  store(first + 13u, output, a13);
  store(first + 14u, output, a14);
  store(first + 15u, output, a15);
}
