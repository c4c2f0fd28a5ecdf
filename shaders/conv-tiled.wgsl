// y[pixel, o] = epilogue(bias[o] + sum over k of columns[pixel, k] * weight[k, o]): a convolution as a matrix product.
// k counts taps (p, q) and the inputs of each; columns[pixel, (p, q, i)] = x[n, h * stride_h - pad_h + p * dilation_h,
// w * stride_w - pad_w + q * dilation_w, i], 0 outside of x. It is never written down, only gathered tile by tile.
// In groups, whose outputs fill tiles, i runs over the inputs of the group of o.
// A workgroup computes TILE_PIXELS x TILE_OUTPUTS elements of y, an invocation 8 x 4; it steps through k by 4 * K_QUADS.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [k, output_quads] vec4s, where k counts whole quads of inputs.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32, // of a group
  outputs: u32, // in Elems
  input_quads: u32, // vec4s that inputs fill, the last one in part
  output_quads: u32,
  group_quads: u32, // quads of outputs of a group
  pixels: u32,
  plane: u32, // pixels of an image
  quads: u32, // of k: taps * input_quads
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_group: u32, // between groups
  x_h: u32,
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_c: u32,
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
alias Weight = vec4f; // or words of integers
alias InputElem = vec4f; // f32 where inputs fill no vec4s or are no neighbours
const PARTS = 1u; // Elems of four outputs
override TILE_PIXELS: u32 = 64;
override TILE_OUTPUTS: u32 = 64;
override K_QUADS: u32 = 4;
override WORKGROUP_SIZE: u32 = 128; // TILE_PIXELS / 8 * TILE_OUTPUTS / 4
override HAS_BIAS: bool = true;

// [4 * K_QUADS, TILE_PIXELS] and [4 * K_QUADS, TILE_OUTPUTS], in vec4s of neighbouring pixels and outputs.
var<workgroup> tile_x: array<vec4f, K_QUADS * TILE_PIXELS>;
var<workgroup> tile_weight: array<vec4f, K_QUADS * TILE_OUTPUTS>;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> vec4f { return weight[at]; }
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far outputs of a pixel of y lie apart.
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (output < params.outputs) {
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
}

// Four inputs, after 4 * k, of the pixel at `at`; 0 beyond the last.
fn load(at: u32, k: u32) -> vec4f { return x[at + k]; }

// Four neighbours of k in the columns of a pixel, of the group that begins at `start`.
fn gather(pixel: u32, quad: u32, start: u32) -> vec4f {
  let tap = quad / params.input_quads;
  let p = tap / params.kernel_w;
  let row = pixel / params.out_w;
  // Rows and columns before the first wrap around to numbers beyond the last.
  let h = (row % params.out_h) * params.stride_h + p * params.dilation_h - params.pad_h;
  let w = (pixel % params.out_w) * params.stride_w + (tap - p * params.kernel_w) * params.dilation_w - params.pad_w;
  if (pixel >= params.pixels || quad >= params.quads || h >= params.in_h || w >= params.in_w) {
    return vec4f(0);
  }
  return load(start + row / params.out_h * params.x_n + h * params.x_h + w * params.x_w, quad - tap * params.input_quads);
}

// Four pixels by four k at a time, turned around.
fn fill_x(first_pixel: u32, first_quad: u32, start: u32, lane: u32) {
  for (var i = lane; i < K_QUADS * TILE_PIXELS / 4u; i += WORKGROUP_SIZE) {
    let quad = i % K_QUADS;
    let column = i / K_QUADS;
    let pixel = first_pixel + column * 4u;
    let k = first_quad + quad;
    let m = transpose(mat4x4f(
      gather(pixel, k, start),
      gather(pixel + 1u, k, start),
      gather(pixel + 2u, k, start),
      gather(pixel + 3u, k, start),
    ));
    let at = quad * TILE_PIXELS + column;
    tile_x[at] = m[0];
    tile_x[at + TILE_PIXELS / 4u] = m[1];
    tile_x[at + 2u * (TILE_PIXELS / 4u)] = m[2];
    tile_x[at + 3u * (TILE_PIXELS / 4u)] = m[3];
  }
}

fn fill_weight(first_output: u32, first_quad: u32, lane: u32) {
  for (var i = lane; i < K_QUADS * TILE_OUTPUTS; i += WORKGROUP_SIZE) {
    let k = first_quad * 4u + i / (TILE_OUTPUTS / 4u);
    let output = first_output + i % (TILE_OUTPUTS / 4u);
    var v = vec4f(0);
    if (k < params.quads * 4u && output < params.output_quads) {
      v = weights_at(k * params.output_quads + output);
    }
    tile_weight[i] = v;
  }
}

// Where y has the first output of a pixel.
fn place(pixel: u32) -> u32 { return pixel * params.outputs; }

// y at the pixel, for four outputs.
fn store(i: u32, quad: u32, v: vec4f) {
  if (i < params.pixels) {
    let pixel = place(i);
    put(pixel, quad * PARTS, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, quad * PARTS + 1u, part(v, 1u));
      put(pixel, quad * PARTS + 2u, part(v, 2u));
      put(pixel, quad * PARTS + 3u, part(v, 3u));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_pixel = (group.y + group.z * groups.y) * TILE_PIXELS;
  let first_output = group.x * (TILE_OUTPUTS / 4u);
  let start = first_output / params.group_quads * params.x_group;
  let column = lane % (TILE_OUTPUTS / 4u);
  let pixels = lane / (TILE_OUTPUTS / 4u);
  let output = first_output + column;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(output);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var a4 = a0;
  var a5 = a0;
  var a6 = a0;
  var a7 = a0;
  for (var quad = 0u; quad < params.quads; quad += K_QUADS) {
    fill_x(first_pixel, quad, start, lane);
    fill_weight(first_output, quad, lane);
    workgroupBarrier();
    for (var k = 0u; k < 4u * K_QUADS; k++) {
      let m = tile_weight[k * (TILE_OUTPUTS / 4u) + column];
      let v0 = tile_x[k * (TILE_PIXELS / 4u) + pixels * 2u];
      let v1 = tile_x[k * (TILE_PIXELS / 4u) + pixels * 2u + 1u];
      a0 += v0.x * m;
      a1 += v0.y * m;
      a2 += v0.z * m;
      a3 += v0.w * m;
      a4 += v1.x * m;
      a5 += v1.y * m;
      a6 += v1.z * m;
      a7 += v1.w * m;
    }
    workgroupBarrier();
  }
  let pixel = first_pixel + pixels * 8u;
  store(pixel, output, a0);
  store(pixel + 1u, output, a1);
  store(pixel + 2u, output, a2);
  store(pixel + 3u, output, a3);
  store(pixel + 4u, output, a4);
  store(pixel + 5u, output, a5);
  store(pixel + 6u, output, a6);
  store(pixel + 7u, output, a7);
}
