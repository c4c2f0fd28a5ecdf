// y[pixel, o] = epilogue(bias[o] + sum over i of x[pixel, i] * weight[o, i]): a 1x1 convolution over pixels in a row.
// Four invocations, a workgroup, hold 16 outputs: four each, for 16 pixels. Each loads the inputs of every fourth pixel
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [pixels, inputs]; y: [pixels, outputs]; bias: [outputs].
// weight: [blocks of 16 outputs, quads of inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32, // in InputElems
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  pixels: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<InputElem>;
@group(0) @binding(2) var<storage, read> weight: array<mat4x4f>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s
alias InputElem = vec4f; // f32 where inputs fill no vec4s
const PARTS = 1u; // Elems of four outputs
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
// Four inputs of the pixel that begins at `at`; 0 beyond the last.
fn load(at: u32, k: u32) -> vec4f { return x[at + k]; }
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (output < params.outputs) {
    let at = pixel * params.outputs + output;
    y[at] = epilogue(v, at, output);
  }
}

// y at the pixel, for four outputs.
fn store(pixel: u32, quad: u32, v: vec4f) {
  if (pixel < params.pixels) {
    put(pixel, quad * PARTS, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, quad * PARTS + 1u, part(v, 1u));
      put(pixel, quad * PARTS + 2u, part(v, 2u));
      put(pixel, quad * PARTS + 3u, part(v, 3u));
    }
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
  let quad = group.x * 4u + lane;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
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
  var at_weight = group.x * params.quads * 4u + lane;
  for (var k = 0u; k < params.quads; k++) {
    let m = weight[at_weight];
    at_weight += 4u;
    let v0 = load(at0, k);
    let v1 = load(at1, k);
    let v2 = load(at2, k);
    let v3 = load(at3, k);
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
  store(first + 0u, quad, a0);
  store(first + 1u, quad, a1);
  store(first + 2u, quad, a2);
  store(first + 3u, quad, a3);
  store(first + 4u, quad, a4);
  store(first + 5u, quad, a5);
  store(first + 6u, quad, a6);
  store(first + 7u, quad, a7);
  store(first + 8u, quad, a8);
  store(first + 9u, quad, a9);
  store(first + 10u, quad, a10);
  store(first + 11u, quad, a11);
  store(first + 12u, quad, a12);
  store(first + 13u, quad, a13);
  store(first + 14u, quad, a14);
  store(first + 15u, quad, a15);
}
