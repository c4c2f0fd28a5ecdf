// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w + q - pad_w, i] * weight[o, i, p, q]), for few input channels.
// h' = h * stride_h - pad_h + p * dilation_h; the window moves by one along a row. Outside of x it adds nothing.
// For CPU adapters: an invocation computes 10 columns of 8 outputs. It takes five taps of a row of the window at a time, or three, since
// an accumulator costs more to write than to add to. Of the weights, which are the same for all, each of four neighbouring
// invocations loads a part and hands it to the others.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [blocks of 8 outputs, kernel_h, inputs, kernel_w, 4 invocations], two outputs each.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations for each block of outputs
  tiles: u32, // of 10 columns, in a row of y
  inputs: u32,
  outputs: u32, // in Elems
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x
  x_h: u32,
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  dilation_h: u32,
  pad_h: u32,
  pad_w: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours
alias Weight = vec2f; // or words of integers
alias High = vec4f; // vec2f where there are 6 outputs at most
const PARTS = 1u; // Elems of four outputs
const COLUMNS = 10u;
const TAPS = 5u; // or 3; kernel_w is a multiple
override WORKGROUP_SIZE: u32 = 16; // a multiple of 4
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> vec2f { return weight[at]; }
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }
// The last four of 8 outputs, or those of them that there are.
fn high(a: vec2f, b: vec2f) -> High { return vec4f(a, b); }
fn narrow(v: vec4f) -> High { return v; }
fn widen(v: High) -> vec4f { return v; }
// Two further taps of five; 0 of three.
fn more(v: f32, l: vec4f, w: f32, m: vec4f) -> vec4f { return v * l + w * m; }
fn more_high(v: f32, l: High, w: f32, m: High) -> High { return v * l + w * m; }

// How far columns and outputs of y lie apart.
fn across(columns: u32) -> u32 { return columns * params.outputs; }
fn along(outputs: u32) -> u32 { return outputs; }

// True where a block has that output.
fn has(output: u32, of_block: u32) -> bool { return output + of_block < params.outputs; }

fn put(pixel: u32, first: u32, of_block: u32, v: Elem) {
  if (has(first, of_block)) {
    let output = first + of_block;
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
}

// y at the column of the row that begins at `row`, for the 8 outputs of this invocation.
fn store(row: u32, column: u32, block: u32, low: vec4f, high: High) {
  if (column < params.out_w) {
    let pixel = row + across(column);
    let v = widen(high);
    let first = block * 2u * PARTS;
    put(pixel, first, 0u, part(low, 0u));
    put(pixel, first, PARTS, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, first, 1u, part(low, 1u));
      put(pixel, first, 2u, part(low, 2u));
      put(pixel, first, 3u, part(low, 3u));
      put(pixel, first, 5u, part(v, 1u));
      put(pixel, first, 6u, part(v, 2u));
      put(pixel, first, 7u, part(v, 3u));
    }
  }
}

// The input at a column of the row that begins at `row`, or 0 from `end` on; columns before the first wrap around to numbers
// beyond the last.
fn load(row: u32, column: u32, end: u32) -> f32 {
  return select(0, x[row + column * params.x_w], column < end);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let index = (group.x + group.y * groups.x) * WORKGROUP_SIZE + local;
  let lane = local % 4u;
  // Invocations beyond the last repeat its work, so that all reach the broadcasts.
  let i = min(index, params.count - 1u);
  let above = i / params.tiles;
  let n = above / params.out_h;
  let h = above - n * params.out_h;
  let left = (i - above * params.tiles) * COLUMNS;
  let first = left - params.pad_w;
  var a0 = vec4f(0);
  var b0 = High(0);
  if (HAS_BIAS) {
    a0 = load_bias(group.z * 2u);
    b0 = narrow(load_bias(group.z * 2u + 1u));
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
  var at = group.z * params.kernel_h * params.inputs * params.kernel_w * 4u + lane;
  // One loop: every level of nesting costs a CPU adapter as much as the sums.
  let steps = params.kernel_h * params.inputs * (params.kernel_w / TAPS);
  // Rows before the first wrap around to numbers beyond the last.
  var from_h = h * params.stride_h - params.pad_h;
  var input = 0u;
  var tap = 0u;
  for (var step = 0u; step < steps; step++) {
    let row = n * params.x_n + from_h * params.x_h + input * params.x_c;
    let end = select(0u, params.in_w, from_h < params.in_h);
    let column = first + tap;
    let w0 = weights_at(at);
    let w1 = weights_at(at + 4u);
    let w2 = weights_at(at + 8u);
    let w3 = weights_at(at + 12u);
    let w4 = weights_at(at + 16u);
    at += 4u * TAPS;
    let l0 = vec4f(quadBroadcast(w0, 0u), quadBroadcast(w0, 1u));
    let r0 = high(quadBroadcast(w0, 2u), quadBroadcast(w0, 3u));
    let l1 = vec4f(quadBroadcast(w1, 0u), quadBroadcast(w1, 1u));
    let r1 = high(quadBroadcast(w1, 2u), quadBroadcast(w1, 3u));
    let l2 = vec4f(quadBroadcast(w2, 0u), quadBroadcast(w2, 1u));
    let r2 = high(quadBroadcast(w2, 2u), quadBroadcast(w2, 3u));
    let l3 = vec4f(quadBroadcast(w3, 0u), quadBroadcast(w3, 1u));
    let r3 = high(quadBroadcast(w3, 2u), quadBroadcast(w3, 3u));
    let l4 = vec4f(quadBroadcast(w4, 0u), quadBroadcast(w4, 1u));
    let r4 = high(quadBroadcast(w4, 2u), quadBroadcast(w4, 3u));
    let v0 = load(row, column, end);
    let v1 = load(row, column + 1u, end);
    let v2 = load(row, column + 2u, end);
    let v3 = load(row, column + 3u, end);
    let v4 = load(row, column + 4u, end);
    let v5 = load(row, column + 5u, end);
    let v6 = load(row, column + 6u, end);
    let v7 = load(row, column + 7u, end);
    let v8 = load(row, column + 8u, end);
    let v9 = load(row, column + 9u, end);
    let v10 = load(row, column + 10u, end);
    let v11 = load(row, column + 11u, end);
    let v12 = load(row, column + 12u, end);
    let v13 = load(row, column + 13u, end);
    a0 += v0 * l0 + v1 * l1 + v2 * l2 + more(v3, l3, v4, l4);
    b0 += v0 * r0 + v1 * r1 + v2 * r2 + more_high(v3, r3, v4, r4);
    a1 += v1 * l0 + v2 * l1 + v3 * l2 + more(v4, l3, v5, l4);
    b1 += v1 * r0 + v2 * r1 + v3 * r2 + more_high(v4, r3, v5, r4);
    a2 += v2 * l0 + v3 * l1 + v4 * l2 + more(v5, l3, v6, l4);
    b2 += v2 * r0 + v3 * r1 + v4 * r2 + more_high(v5, r3, v6, r4);
    a3 += v3 * l0 + v4 * l1 + v5 * l2 + more(v6, l3, v7, l4);
    b3 += v3 * r0 + v4 * r1 + v5 * r2 + more_high(v6, r3, v7, r4);
    a4 += v4 * l0 + v5 * l1 + v6 * l2 + more(v7, l3, v8, l4);
    b4 += v4 * r0 + v5 * r1 + v6 * r2 + more_high(v7, r3, v8, r4);
    a5 += v5 * l0 + v6 * l1 + v7 * l2 + more(v8, l3, v9, l4);
    b5 += v5 * r0 + v6 * r1 + v7 * r2 + more_high(v8, r3, v9, r4);
    a6 += v6 * l0 + v7 * l1 + v8 * l2 + more(v9, l3, v10, l4);
    b6 += v6 * r0 + v7 * r1 + v8 * r2 + more_high(v9, r3, v10, r4);
    a7 += v7 * l0 + v8 * l1 + v9 * l2 + more(v10, l3, v11, l4);
    b7 += v7 * r0 + v8 * r1 + v9 * r2 + more_high(v10, r3, v11, r4);
    a8 += v8 * l0 + v9 * l1 + v10 * l2 + more(v11, l3, v12, l4);
    b8 += v8 * r0 + v9 * r1 + v10 * r2 + more_high(v11, r3, v12, r4);
    a9 += v9 * l0 + v10 * l1 + v11 * l2 + more(v12, l3, v13, l4);
    b9 += v9 * r0 + v10 * r1 + v11 * r2 + more_high(v12, r3, v13, r4);
    tap = select(tap + TAPS, 0u, tap + TAPS == params.kernel_w);
    input += u32(tap == 0u);
    from_h += select(0u, params.dilation_h, input == params.inputs);
    input = select(input, 0u, input == params.inputs);
  }
  if (index >= params.count) {
    return;
  }
  let start = n * params.y_n + h * params.y_h;
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var low = array(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9);
  var high = array(b0, b1, b2, b3, b4, b5, b6, b7, b8, b9);
  for (var j = 0u; j < 10u; j++) {
    store(start, left + j, group.z, low[j], high[j]);
  }
}
