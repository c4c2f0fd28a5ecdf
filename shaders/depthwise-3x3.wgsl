// y[n, h, w, c] = epilogue(bias[c] + sum over p, q of x[n, h * STRIDE - pad_h + p, w * STRIDE - pad_w + q, c] * weight[p, q, c]).
// A 3x3 window over every channel by itself; outside of x it adds nothing.
// An invocation computes four columns of `rows` rows of four channels, from the top down.
// x: [N, in_h, in_w, channels] or [N, channels, in_h, in_w], by strides; y alike; weight: [3, 3, quads] vec4s;
// bias: [channels].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  channels: u32, // in Elems
  quads: u32, // vec4s that channels fill, the last one in part
  tiles: u32, // of four columns, in a row of y
  bands: u32, // of `rows` rows, in an image of y
  rows: u32,
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

alias Elem = vec4f; // f32 where channels fill no vec4s or are no neighbours in y
alias Weight = vec4f; // or words of integers
alias InputElem = vec4f; // or in x
const PARTS = 1u; // Elems of four channels
const INPUT_PARTS = 1u; // InputElems of four channels
const STRIDE = 1u;
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

struct Row {
  x0: vec4f,
  x1: vec4f,
  x2: vec4f,
  x3: vec4f,
  x4: vec4f,
  x5: vec4f,
  x6: vec4f,
  x7: vec4f,
  x8: vec4f,
}

// Four neighbouring channels of x.
fn load4(at: u32) -> vec4f { return x[at]; }

// x at a column of the row that starts at `row`; columns before the first wrap around to numbers beyond the last.
fn load(row: u32, column: u32) -> vec4f {
  return select(vec4f(0), load4(row + across_x(column)), column < params.in_w);
}

// The columns from w on that four outputs see of row h.
fn load_row(image: u32, h: u32, w: u32) -> Row {
  var r: Row;
  if (h < params.in_h) {
    let row = image + h * params.x_h;
    r.x0 = load(row, w);
    r.x1 = load(row, w + 1u);
    r.x2 = load(row, w + 2u);
    r.x3 = load(row, w + 3u);
    r.x4 = load(row, w + 4u);
    r.x5 = load(row, w + 5u);
    if (STRIDE == 2u) {
      r.x6 = load(row, w + 6u);
      r.x7 = load(row, w + 7u);
      r.x8 = load(row, w + 8u);
    }
  }
  return r;
}

// What a row of the window adds to four neighbouring outputs.
fn taps(r: Row, m0: vec4f, m1: vec4f, m2: vec4f) -> mat4x4f {
  if (STRIDE == 2u) {
    return mat4x4f(
      r.x0 * m0 + r.x1 * m1 + r.x2 * m2,
      r.x2 * m0 + r.x3 * m1 + r.x4 * m2,
      r.x4 * m0 + r.x5 * m1 + r.x6 * m2,
      r.x6 * m0 + r.x7 * m1 + r.x8 * m2,
    );
  }
  return mat4x4f(
    r.x0 * m0 + r.x1 * m1 + r.x2 * m2,
    r.x1 * m0 + r.x2 * m1 + r.x3 * m2,
    r.x2 * m0 + r.x3 * m1 + r.x4 * m2,
    r.x3 * m0 + r.x4 * m1 + r.x5 * m2,
  );
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
  let left = (tile % params.tiles) * 4u;
  let band = tile / params.tiles;
  let n = band / params.bands;
  let first = (band % params.bands) * params.rows;
  let image = n * params.x_n + quad * INPUT_PARTS * params.x_c;
  let w = left * STRIDE - params.pad_w;
  let next = params.quads;
  let m0 = weights_at(quad);
  let m1 = weights_at(quad + next);
  let m2 = weights_at(quad + 2u * next);
  let m3 = weights_at(quad + 3u * next);
  let m4 = weights_at(quad + 4u * next);
  let m5 = weights_at(quad + 5u * next);
  let m6 = weights_at(quad + 6u * next);
  let m7 = weights_at(quad + 7u * next);
  let m8 = weights_at(quad + 8u * next);
  var bias4 = mat4x4f();
  if (HAS_BIAS) {
    let b = load_bias(quad);
    bias4 = mat4x4f(b, b, b, b);
  }
  // Every row of x is read once. It ends one row of y, goes on with another (where STRIDE is 1) and begins a third.
  var second = bias4;
  var last = bias4;
  let lead = 3u - STRIDE;
  let end = min(first + params.rows, params.out_h) + lead;
  for (var step = first; step < end; step++) {
    let h = step * STRIDE - params.pad_h;
    let r = load_row(image, h, w);
    let done = last + taps(r, m6, m7, m8);
    let begun = bias4 + taps(r, m0, m1, m2);
    if (STRIDE == 1u) {
      last = second + taps(r, m3, m4, m5);
      second = begun;
    } else {
      last = begun + taps(load_row(image, h + 1u, w), m3, m4, m5);
    }
    if (step >= first + lead) {
      let row = n * params.y_n + (step - lead) * params.y_h;
      store(row, left, quad, done[0]);
      store(row, left + 1u, quad, done[1]);
      store(row, left + 2u, quad, done[2]);
      store(row, left + 3u, quad, done[3]);
    }
  }
}
