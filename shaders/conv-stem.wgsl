// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w', i] * weight[o, i, p, q]), for a few input channels.
// h' = h * stride_h - pad_h + p * dilation_h, w' = w * stride_w - pad_w + q; outside of x it adds nothing.
// Four invocations, a workgroup, hold 16 outputs: four each, for 16 columns of a row. Each loads the inputs of every fourth column
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// The taps of a row of the window are neighbours in x, with their inputs where x is channels-last (a single plane), or input by
// input, each a plane: `span` elements, taken by three.
// x: [N, planes, in_h, row]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides; bias: [outputs].
// weight: [blocks of 16 outputs, kernel_h, planes, span / 3, invocation]; a matrix holds a column of three elements for each of
// four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  outputs: u32, // in Elems
  blocks: u32,
  planes: u32,
  row: u32, // in_w times the inputs of a plane, as span, stride and pad
  span: u32, // of the window
  stride: u32,
  pad: u32, // before the first column
  in_h: u32,
  out_w: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
  kernel_h: u32,
  stride_h: u32,
  dilation_h: u32,
  pad_h: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours
alias Weight = mat4x3f; // or words of integers
const PARTS = 1u; // Elems of four outputs
override WHOLE: bool = false; // span is a multiple of three
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> mat4x3f { return weight[at]; }
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far columns and outputs of y lie apart.
fn across(columns: u32) -> u32 { return columns * params.outputs; }
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (output < params.outputs) {
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
}

// Three elements of row h from first + k on, with 0 for what lies outside of the row or the window. Elements before the
// row wrap around to numbers beyond its end.
fn load(row: u32, h: u32, first: u32, k: u32) -> vec3f {
  let at = first + k;
  let i = row + at;
  let in_row = vec3u(at, at + 1u, at + 2u) < vec3u(select(0u, params.row, h < params.in_h));
  let in_window = vec3u(k, k + 1u, k + 2u) < vec3u(params.span);
  return select(vec3f(0), vec3f(x[i], x[i + 1u], x[i + 2u]), in_row & (in_window | vec3<bool>(WHOLE)));
}

// y at the column of the row that begins at `row`, for the four outputs of this invocation.
fn store(row: u32, column: u32, quad: u32, v: vec4f) {
  if (column < params.out_w) {
    let pixel = row + across(column);
    put(pixel, quad * PARTS, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, quad * PARTS + 1u, part(v, 1u));
      put(pixel, quad * PARTS + 2u, part(v, 2u));
      put(pixel, quad * PARTS + 3u, part(v, 3u));
    }
  }
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x % params.blocks;
  let left = (group.x / params.blocks) * 16u;
  let quad = block * 4u + lane;
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
  let t0 = (left + lane) * params.stride - params.pad;
  let t1 = t0 + 4u * params.stride;
  let t2 = t0 + 8u * params.stride;
  let t3 = t0 + 12u * params.stride;
  // One loop: every level of nesting costs a CPU adapter as much as the sums.
  let steps = params.kernel_h * params.planes * ((params.span + 2u) / 3u);
  // Rows before the first wrap around to numbers beyond the last.
  var h = group.y * params.stride_h - params.pad_h;
  var plane = 0u;
  var k = 0u;
  for (var step = 0u; step < steps; step++) {
    let row = ((group.z * params.planes + plane) * params.in_h + h) * params.row;
    let m = weights_at((block * steps + step) * 4u + lane);
    let v0 = load(row, h, t0, k);
    let v1 = load(row, h, t1, k);
    let v2 = load(row, h, t2, k);
    let v3 = load(row, h, t3, k);
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
    k = select(k + 3u, 0u, k + 3u >= params.span);
    plane += u32(k == 0u);
    h += select(0u, params.dilation_h, plane == params.planes);
    plane = select(plane, 0u, plane == params.planes);
  }
  let first = group.z * params.y_n + group.y * params.y_h;
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15);
  for (var j = 0u; j < 16u; j++) {
    store(first, left + j, quad, sums[j]);
  }
}
