// y[pixel, o] = epilogue(bias[o] + sum over i of x[pixel, i] * weight[o, i]): a 1x1 convolution over pixels in a row.
// Four invocations, a workgroup, hold 64 outputs: 16 each, for 16 pixels. Each loads the inputs of every fourth pixel
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [pixels, inputs] or [N, inputs, plane]; y: [pixels, outputs] or [N, outputs, plane], by strides; bias: [outputs].
// weight: [blocks of 16 outputs, quads of inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32,
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  pixels: u32,
  plane: u32, // pixels of an image
  x_n: u32, // strides of x in InputElems
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_c: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<InputElem>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours
alias Weight = mat4x4f; // or words of integers
alias InputElem = vec4f; // f32 where inputs fill no vec4s; vec4f of four pixels of an input where these are neighbours
const PARTS = 1u; // Elems of four outputs
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> mat4x4f { return weight[at]; }
// Four inputs, after 4 * k, of the pixel at `at`; 0 beyond the last.
fn load(at: u32, k: u32) -> vec4f { return x[at + k]; }
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far outputs of a pixel of y lie apart.
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (PARTS == 1u || output < params.outputs) {
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
}

// Where x has what this invocation loads of the four pixels from `first` on: the first input of one of them, or one input of all.
fn origin(first: u32, lane: u32) -> u32 { return min(first + lane, params.pixels - 1u) * params.x_w; }
// The inputs of each of these pixels, from what the invocations loaded.
fn pixel0(v: vec4f) -> vec4f { return quadBroadcast(v, 0u); }
fn pixel1(v: vec4f) -> vec4f { return quadBroadcast(v, 1u); }
fn pixel2(v: vec4f) -> vec4f { return quadBroadcast(v, 2u); }
fn pixel3(v: vec4f) -> vec4f { return quadBroadcast(v, 3u); }
// Where y has the first output of a pixel.
fn place(pixel: u32) -> u32 { return pixel * params.outputs; }

// Which pixel's sums these are, where they are loaded as pixel i: beyond the last, one of the last again.
fn known(i: u32) -> u32 { return min(i, params.pixels - 1u); }

// y at a pixel, for four outputs.
fn store(i: u32, quad: u32, v: vec4f) {
  let pixel = place(known(i));
  put(pixel, quad * PARTS, part(v, 0u));
  if (PARTS == 4u) {
    put(pixel, quad * PARTS + 1u, part(v, 1u));
    put(pixel, quad * PARTS + 2u, part(v, 2u));
    put(pixel, quad * PARTS + 3u, part(v, 3u));
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
  let quad = group.x * 16u + lane;
  var a0 = vec4f(0);
  var b0 = vec4f(0);
  var c0 = vec4f(0);
  var d0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
    b0 = load_bias(quad + 4u);
    c0 = load_bias(quad + 8u);
    d0 = load_bias(quad + 12u);
  }
  var a1 = a0; var b1 = b0; var c1 = c0; var d1 = d0;
  var a2 = a0; var b2 = b0; var c2 = c0; var d2 = d0;
  var a3 = a0; var b3 = b0; var c3 = c0; var d3 = d0;
  var a4 = a0; var b4 = b0; var c4 = c0; var d4 = d0;
  var a5 = a0; var b5 = b0; var c5 = c0; var d5 = d0;
  var a6 = a0; var b6 = b0; var c6 = c0; var d6 = d0;
  var a7 = a0; var b7 = b0; var c7 = c0; var d7 = d0;
  var a8 = a0; var b8 = b0; var c8 = c0; var d8 = d0;
  var a9 = a0; var b9 = b0; var c9 = c0; var d9 = d0;
  var a10 = a0; var b10 = b0; var c10 = c0; var d10 = d0;
  var a11 = a0; var b11 = b0; var c11 = c0; var d11 = d0;
  var a12 = a0; var b12 = b0; var c12 = c0; var d12 = d0;
  var a13 = a0; var b13 = b0; var c13 = c0; var d13 = d0;
  var a14 = a0; var b14 = b0; var c14 = c0; var d14 = d0;
  var a15 = a0; var b15 = b0; var c15 = c0; var d15 = d0;
  let at0 = origin(first + 0u, lane);
  let at1 = origin(first + 4u, lane);
  let at2 = origin(first + 8u, lane);
  let at3 = origin(first + 12u, lane);
  var at_weight = group.x * params.quads * 16u + lane;
  // Blocks beyond the last have no weights; what is read instead is not stored.
  let block = params.quads * 4u;
  for (var k = 0u; k < params.quads; k++) {
    let m0 = weights_at(at_weight);
    let m1 = weights_at(at_weight + block);
    let m2 = weights_at(at_weight + 2u * block);
    let m3 = weights_at(at_weight + 3u * block);
    at_weight += 4u;
    let v0 = load(at0, k);
    let v1 = load(at1, k);
    let v2 = load(at2, k);
    let v3 = load(at3, k);
    let x0 = pixel0(v0);
    a0 += x0 * m0; b0 += x0 * m1; c0 += x0 * m2; d0 += x0 * m3;
    let x1 = pixel1(v0);
    a1 += x1 * m0; b1 += x1 * m1; c1 += x1 * m2; d1 += x1 * m3;
    let x2 = pixel2(v0);
    a2 += x2 * m0; b2 += x2 * m1; c2 += x2 * m2; d2 += x2 * m3;
    let x3 = pixel3(v0);
    a3 += x3 * m0; b3 += x3 * m1; c3 += x3 * m2; d3 += x3 * m3;
    let x4 = pixel0(v1);
    a4 += x4 * m0; b4 += x4 * m1; c4 += x4 * m2; d4 += x4 * m3;
    let x5 = pixel1(v1);
    a5 += x5 * m0; b5 += x5 * m1; c5 += x5 * m2; d5 += x5 * m3;
    let x6 = pixel2(v1);
    a6 += x6 * m0; b6 += x6 * m1; c6 += x6 * m2; d6 += x6 * m3;
    let x7 = pixel3(v1);
    a7 += x7 * m0; b7 += x7 * m1; c7 += x7 * m2; d7 += x7 * m3;
    let x8 = pixel0(v2);
    a8 += x8 * m0; b8 += x8 * m1; c8 += x8 * m2; d8 += x8 * m3;
    let x9 = pixel1(v2);
    a9 += x9 * m0; b9 += x9 * m1; c9 += x9 * m2; d9 += x9 * m3;
    let x10 = pixel2(v2);
    a10 += x10 * m0; b10 += x10 * m1; c10 += x10 * m2; d10 += x10 * m3;
    let x11 = pixel3(v2);
    a11 += x11 * m0; b11 += x11 * m1; c11 += x11 * m2; d11 += x11 * m3;
    let x12 = pixel0(v3);
    a12 += x12 * m0; b12 += x12 * m1; c12 += x12 * m2; d12 += x12 * m3;
    let x13 = pixel1(v3);
    a13 += x13 * m0; b13 += x13 * m1; c13 += x13 * m2; d13 += x13 * m3;
    let x14 = pixel2(v3);
    a14 += x14 * m0; b14 += x14 * m1; c14 += x14 * m2; d14 += x14 * m3;
    let x15 = pixel3(v3);
    a15 += x15 * m0; b15 += x15 * m1; c15 += x15 * m2; d15 += x15 * m3;
  }
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(
    a0, b0, c0, d0,
    a1, b1, c1, d1,
    a2, b2, c2, d2,
    a3, b3, c3, d3,
    a4, b4, c4, d4,
    a5, b5, c5, d5,
    a6, b6, c6, d6,
    a7, b7, c7, d7,
    a8, b8, c8, d8,
    a9, b9, c9, d9,
    a10, b10, c10, d10,
    a11, b11, c11, d11,
    a12, b12, c12, d12,
    a13, b13, c13, d13,
    a14, b14, c14, d14,
    a15, b15, c15, d15,
  );
  for (var j = 0u; j < 64u; j++) {
    let q = quad + 4u * (j % 4u);
    if (q * PARTS < params.outputs) {
      store(first + j / 4u, q, sums[j]);
    }
  }
}
