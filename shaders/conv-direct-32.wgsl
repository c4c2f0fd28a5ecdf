// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w', i] * weight[o, i, p, q]); a window of any size.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// Four invocations, a workgroup, hold 32 outputs: 8 each, for 16 pixels in a row. Each loads the inputs of every fourth pixel
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [blocks of 16 outputs, kernel_h, kernel_w, quads of inputs, invocation]; a matrix holds a column of four inputs for each of
// four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32,
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  pixels: u32,
  plane: u32, // pixels of an image
  in_h: u32,
  in_w: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_h: u32,
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_c: u32,
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
@group(0) @binding(1) var<storage, read> x: array<InputElem>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours
alias Weight = mat4x4f; // or words of integers
alias InputElem = vec4f; // f32 where inputs fill no vec4s or are no neighbours
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

// Where y has the first output of a pixel.
fn place(pixel: u32) -> u32 { return pixel * params.outputs; }

// y at a pixel, for four outputs. Those beyond the last have the sums of the last.
fn store(i: u32, quad: u32, v: vec4f) {
  let pixel = place(min(i, params.pixels - 1u));
  put(pixel, quad * PARTS, part(v, 0u));
  if (PARTS == 4u) {
    put(pixel, quad * PARTS + 1u, part(v, 1u));
    put(pixel, quad * PARTS + 2u, part(v, 2u));
    put(pixel, quad * PARTS + 3u, part(v, 3u));
  }
}

// Where the window of a pixel begins: its image in x, its row and its column. Those before the first wrap around to numbers beyond
// the last.
struct Window {
  image: u32,
  h: u32,
  w: u32,
}

fn window(i: u32) -> Window {
  let pixel = min(i, params.pixels - 1u);
  let n = pixel / params.plane;
  let row = (pixel - n * params.plane) / params.out_w;
  let column = pixel - n * params.plane - row * params.out_w;
  return Window(n * params.x_n, row * params.stride_h - params.pad_h, column * params.stride_w - params.pad_w);
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
  let quad = group.x * 8u + lane;
  var a0 = vec4f(0);
  var b0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
    b0 = load_bias(quad + 4u);
  }
  var a1 = a0; var b1 = b0;
  var a2 = a0; var b2 = b0;
  var a3 = a0; var b3 = b0;
  var a4 = a0; var b4 = b0;
  var a5 = a0; var b5 = b0;
  var a6 = a0; var b6 = b0;
  var a7 = a0; var b7 = b0;
  var a8 = a0; var b8 = b0;
  var a9 = a0; var b9 = b0;
  var a10 = a0; var b10 = b0;
  var a11 = a0; var b11 = b0;
  var a12 = a0; var b12 = b0;
  var a13 = a0; var b13 = b0;
  var a14 = a0; var b14 = b0;
  var a15 = a0; var b15 = b0;
  let window0 = window(first + 0u + lane);
  let window1 = window(first + 4u + lane);
  let window2 = window(first + 8u + lane);
  let window3 = window(first + 12u + lane);
  let taps = params.kernel_h * params.kernel_w;
  // Blocks beyond the last have no weights; what is read instead is not stored.
  let block = taps * params.quads * 4u;
  var at_weight = group.x * 2u * block + lane;
  for (var tap = 0u; tap < taps; tap++) {
    let p = tap / params.kernel_w;
    let down = p * params.dilation_h;
    let right = (tap - p * params.kernel_w) * params.dilation_w;
    let h0 = window0.h + down;
    let w0 = window0.w + right;
    let inside0 = h0 < params.in_h && w0 < params.in_w;
    let at0 = window0.image + h0 * params.x_h + w0 * params.x_w;
    let h1 = window1.h + down;
    let w1 = window1.w + right;
    let inside1 = h1 < params.in_h && w1 < params.in_w;
    let at1 = window1.image + h1 * params.x_h + w1 * params.x_w;
    let h2 = window2.h + down;
    let w2 = window2.w + right;
    let inside2 = h2 < params.in_h && w2 < params.in_w;
    let at2 = window2.image + h2 * params.x_h + w2 * params.x_w;
    let h3 = window3.h + down;
    let w3 = window3.w + right;
    let inside3 = h3 < params.in_h && w3 < params.in_w;
    let at3 = window3.image + h3 * params.x_h + w3 * params.x_w;
    for (var k = 0u; k < params.quads; k++) {
      let m0 = weights_at(at_weight);
      let m1 = weights_at(at_weight + block);
      at_weight += 4u;
      let v0 = select(vec4f(0), load(at0, k), inside0);
      let v1 = select(vec4f(0), load(at1, k), inside1);
      let v2 = select(vec4f(0), load(at2, k), inside2);
      let v3 = select(vec4f(0), load(at3, k), inside3);
      let x0 = quadBroadcast(v0, 0u);
      a0 += x0 * m0; b0 += x0 * m1;
      let x1 = quadBroadcast(v0, 1u);
      a1 += x1 * m0; b1 += x1 * m1;
      let x2 = quadBroadcast(v0, 2u);
      a2 += x2 * m0; b2 += x2 * m1;
      let x3 = quadBroadcast(v0, 3u);
      a3 += x3 * m0; b3 += x3 * m1;
      let x4 = quadBroadcast(v1, 0u);
      a4 += x4 * m0; b4 += x4 * m1;
      let x5 = quadBroadcast(v1, 1u);
      a5 += x5 * m0; b5 += x5 * m1;
      let x6 = quadBroadcast(v1, 2u);
      a6 += x6 * m0; b6 += x6 * m1;
      let x7 = quadBroadcast(v1, 3u);
      a7 += x7 * m0; b7 += x7 * m1;
      let x8 = quadBroadcast(v2, 0u);
      a8 += x8 * m0; b8 += x8 * m1;
      let x9 = quadBroadcast(v2, 1u);
      a9 += x9 * m0; b9 += x9 * m1;
      let x10 = quadBroadcast(v2, 2u);
      a10 += x10 * m0; b10 += x10 * m1;
      let x11 = quadBroadcast(v2, 3u);
      a11 += x11 * m0; b11 += x11 * m1;
      let x12 = quadBroadcast(v3, 0u);
      a12 += x12 * m0; b12 += x12 * m1;
      let x13 = quadBroadcast(v3, 1u);
      a13 += x13 * m0; b13 += x13 * m1;
      let x14 = quadBroadcast(v3, 2u);
      a14 += x14 * m0; b14 += x14 * m1;
      let x15 = quadBroadcast(v3, 3u);
      a15 += x15 * m0; b15 += x15 * m1;
    }
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
  for (var j = 0u; j < 32u; j++) {
    let q = quad + 4u * (j % 2u);
    if (q * PARTS < params.outputs) {
      store(first + j / 2u, q, sums[j]);
    }
  }
}
