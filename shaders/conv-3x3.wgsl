// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h + p - pad_h, w + q - pad_w, i] * weight[o, i, p, q]).
// A 3x3 window that moves by one; outside of x it adds nothing.
// Four invocations, a workgroup, hold 16 outputs: four each, for 14 columns of a row. Each loads the inputs of every fourth column
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// Three neighbouring outputs share a column.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [blocks of 16 outputs, 3, 3, quads of inputs, invocation]; a matrix holds a column of four inputs for each of four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32,
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  blocks: u32,
  in_h: u32,
  in_w: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_h: u32,
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
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

// How far columns and outputs of y lie apart.
fn across(columns: u32) -> u32 { return columns * params.outputs; }
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (output < params.outputs) {
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
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
  let left = (group.x / params.blocks) * 14u;
  let quad = block * 4u + lane;
  // Rows and columns before the first wrap around to numbers beyond the last.
  let w0 = left + lane + 0u - params.pad_w;
  let w1 = left + lane + 4u - params.pad_w;
  let w2 = left + lane + 8u - params.pad_w;
  let w3 = left + lane + 12u - params.pad_w;
  let last = params.in_w - 1u;
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
  let tap = params.quads * 4u;
  var p = 0u;
  loop {
    let h = group.y + p - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    let row = group.z * params.x_n + h * params.x_h;
    let at0 = row + min(w0, last) * params.x_w;
    let at1 = row + min(w1, last) * params.x_w;
    let at2 = row + min(w2, last) * params.x_w;
    let at3 = row + min(w3, last) * params.x_w;
    var at_weight = (block * 3u + p) * 3u * tap + lane;
    var k = 0u;
    loop {
      let m0 = weights_at(at_weight);
      let m1 = weights_at(at_weight + tap);
      let m2 = weights_at(at_weight + 2u * tap);
      at_weight += 4u;
      let v0 = select(vec4f(0), load(at0, k), w0 <= last);
      let v1 = select(vec4f(0), load(at1, k), w1 <= last);
      let v2 = select(vec4f(0), load(at2, k), w2 <= last);
      let v3 = select(vec4f(0), load(at3, k), w3 <= last);
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
      continuing {
        k++;
        break if k >= params.quads;
      }
    }
    continuing {
      p++;
      break if p >= 3u;
    }
  }
  let first = group.z * params.y_n + group.y * params.y_h;
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13);
  for (var j = 0u; j < 14u; j++) {
    store(first, left + j, quad, sums[j]);
  }
}
