// y[pixel, o] = epilogue(bias[o] + sum over i of x[pixel, i] * weight[o, i]): a 1x1 convolution over pixels in a row.
// Four invocations, a workgroup, hold 16 outputs: four each, for 16 pixels. Each loads the inputs of every fourth pixel
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
  let at0 = origin(first + 0u, lane);
  let at1 = origin(first + 4u, lane);
  let at2 = origin(first + 8u, lane);
  let at3 = origin(first + 12u, lane);
  var at_weight = group.x * params.quads * 4u + lane;
  for (var k = 0u; k < params.quads; k++) {
    let m = weights_at(at_weight);
    at_weight += 4u;
    let v0 = load(at0, k);
    let v1 = load(at1, k);
    let v2 = load(at2, k);
    let v3 = load(at3, k);
    a0 += pixel0(v0) * m;
    a1 += pixel1(v0) * m;
    a2 += pixel2(v0) * m;
    a3 += pixel3(v0) * m;
    a4 += pixel0(v1) * m;
    a5 += pixel1(v1) * m;
    a6 += pixel2(v1) * m;
    a7 += pixel3(v1) * m;
    a8 += pixel0(v2) * m;
    a9 += pixel1(v2) * m;
    a10 += pixel2(v2) * m;
    a11 += pixel3(v2) * m;
    a12 += pixel0(v3) * m;
    a13 += pixel1(v3) * m;
    a14 += pixel2(v3) * m;
    a15 += pixel3(v3) * m;
  }
  if (quad * PARTS < params.outputs) {
    // One copy of the code that stores, for all sums: it takes longer to compile than to run.
    var sums = array(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15);
    for (var j = 0u; j < 16u; j++) {
      store(first + j, quad, sums[j]);
    }
  }
}
