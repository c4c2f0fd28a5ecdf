// y[n, h, w, c] = epilogue(bias[c] + sum over p, q of x[n, h', w', c] * weight[p, q, c]): every channel by itself.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// A window of up to five columns. An invocation computes four columns of four channels, `apart` from each other as the taps
// are, so that their windows share columns of x: it reads each once in a row.
// x: [N, in_h, in_w, channels] or [N, channels, in_h, in_w], by strides; y alike; weight: [kernel_h, kernel_w, quads] vec4s;
// bias: [channels].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  channels: u32, // in Elems
  quads: u32, // vec4s that channels fill, the last one in part
  tiles: u32, // of four columns, in a row of y
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_h: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
  kernel_h: u32,
  stride_h: u32,
  dilation_h: u32,
  pad_h: u32,
  pad_w: u32,
  apart: u32, // columns of y of an invocation, and columns of x
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<InputElem>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where channels fill no vec4s or are no neighbours in y
alias Weight = vec4f; // or words of integers
alias InputElem = vec4f; // or in x
const PARTS = 1u; // Elems of four channels
const INPUT_PARTS = 1u; // InputElems of four channels
const TAPS = 5u; // columns of the window
const STRIDE = 1u; // of columns; or 2, with `apart` 1
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> vec4f { return weight[at]; }
fn load_bias(quad: u32) -> vec4f { return bias[quad]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far columns and channels of y lie apart, and columns of x.
fn across(columns: u32) -> u32 { return columns * params.channels; }
fn along(channels: u32) -> u32 { return channels; }
fn across_x(columns: u32) -> u32 { return columns * params.channels; }

fn put(pixel: u32, channel: u32, v: Elem) {
  if (channel < params.channels) {
    let at = pixel + along(channel);
    y[at] = epilogue(v, at, channel);
  }
}

// Four neighbouring channels of x.
fn load4(at: u32) -> vec4f { return x[at]; }

// x at a column of the row that starts at `row`; columns before the first wrap around to numbers beyond the last.
fn load(row: u32, column: u32) -> vec4f {
  return select(vec4f(0), load4(row + across_x(column)), column < params.in_w);
}

// y at the column of the row that begins at `row`.
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let quad = i % params.quads;
  let tile = i / params.quads;
  let place = tile % params.tiles;
  let run = place / params.apart;
  let left = run * 4u * params.apart + place - run * params.apart;
  let row = tile / params.tiles;
  let n = row / params.out_h;
  let top = (row - n * params.out_h) * params.stride_h - params.pad_h;
  let image = n * params.x_n + quad * INPUT_PARTS * params.x_c;
  let w = left * STRIDE - params.pad_w;
  let apart = params.apart;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var at_weight = quad;
  var p = 0u;
  loop {
    // Rows before the first wrap around to numbers beyond the last.
    let h = top + p * params.dilation_h;
    let at = image + select(0u, h * params.x_h, h < params.in_h);
    let first = select(params.in_w, w, h < params.in_h);
    let m0 = weights_at(at_weight);
    var m1 = vec4f(0);
    var m2 = vec4f(0);
    var m3 = vec4f(0);
    var m4 = vec4f(0);
    if (TAPS > 1u) { m1 = weights_at(at_weight + params.quads); }
    if (TAPS > 2u) { m2 = weights_at(at_weight + 2u * params.quads); }
    if (TAPS > 3u) { m3 = weights_at(at_weight + 3u * params.quads); }
    if (TAPS > 4u) { m4 = weights_at(at_weight + 4u * params.quads); }
    at_weight += TAPS * params.quads;
    let x0 = load(at, first);
    let x1 = load(at, first + apart);
    let x2 = load(at, first + 2u * apart);
    let x3 = load(at, first + 3u * apart);
    var x4 = vec4f(0);
    if (3u * STRIDE + TAPS > 4u) { x4 = load(at, first + 4u * apart); }
    var x5 = vec4f(0);
    if (3u * STRIDE + TAPS > 5u) { x5 = load(at, first + 5u * apart); }
    var x6 = vec4f(0);
    if (3u * STRIDE + TAPS > 6u) { x6 = load(at, first + 6u * apart); }
    var x7 = vec4f(0);
    if (3u * STRIDE + TAPS > 7u) { x7 = load(at, first + 7u * apart); }
    var x8 = vec4f(0);
    if (3u * STRIDE + TAPS > 8u) { x8 = load(at, first + 8u * apart); }
    var x9 = vec4f(0);
    if (3u * STRIDE + TAPS > 9u) { x9 = load(at, first + 9u * apart); }
    var x10 = vec4f(0);
    if (3u * STRIDE + TAPS > 10u) { x10 = load(at, first + 10u * apart); }
    if (STRIDE == 1u) {
      a0 += x0 * m0 + x1 * m1 + x2 * m2 + x3 * m3 + x4 * m4;
      a1 += x1 * m0 + x2 * m1 + x3 * m2 + x4 * m3 + x5 * m4;
      a2 += x2 * m0 + x3 * m1 + x4 * m2 + x5 * m3 + x6 * m4;
      a3 += x3 * m0 + x4 * m1 + x5 * m2 + x6 * m3 + x7 * m4;
    } else {
      a0 += x0 * m0 + x1 * m1 + x2 * m2 + x3 * m3 + x4 * m4;
      a1 += x2 * m0 + x3 * m1 + x4 * m2 + x5 * m3 + x6 * m4;
      a2 += x4 * m0 + x5 * m1 + x6 * m2 + x7 * m3 + x8 * m4;
      a3 += x6 * m0 + x7 * m1 + x8 * m2 + x9 * m3 + x10 * m4;
    }
    continuing {
      p++;
      break if p >= params.kernel_h;
    }
  }
  let first = n * params.y_n + (row - n * params.out_h) * params.y_h;
  store(first, left, quad, a0);
  store(first, left + apart, quad, a1);
  store(first, left + 2u * apart, quad, a2);
  store(first, left + 3u * apart, quad, a3);
}
