// y[n, h, w, c] = finish(bias[c] + sum over p, q of (x[n, h', w', c] - x_zero) * (weight[c, p, q] - w_zero[c])), every channel by itself.
// A 3x3 window: h' = h * STRIDE - pad_h + p, w' = w * STRIDE - pad_w + q; outside of x it adds nothing.
// An invocation computes four columns of `rows` rows of four channels, from the top down, in float32, which holds the sums exactly.
// x: [N, in_h, in_w, words] words of four channels; weight: [3, 3, words]; w_zero, bias, multiplier: of four channels;
// y: [N, out_h, out_w, words], or [N, out_h, out_w, channels] where the sums themselves are the result.
// zero_point: what x_zero is where only a run can tell it.
struct Params {
  count: u32, // invocations
  words: u32,
  channels: u32,
  tiles: u32, // of four columns, in a row of y
  bands: u32, // of `rows` rows, in an image of y
  rows: u32,
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  pad_h: u32,
  pad_w: u32,
  x_zero: f32,
  low: f32,
  high: f32,
  zero: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<u32>;
@group(0) @binding(3) var<storage, read> w_zero: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<vec4i>;
@group(0) @binding(5) var<storage, read> multiplier: array<vec4f>;
@group(0) @binding(6) var<storage, read> zero_point: array<u32>;
@group(0) @binding(7) var<storage, read_write> y: array<u32>;

const STRIDE = 1u;
const X_SCALE = vec4f(1.0, 256.0, 65536.0, 16777216.0);
override WORKGROUP_SIZE: u32 = 64;

// Four bytes, each times its X_SCALE: where they stand in a word. A CPU adapter has no fast shift.
fn x_bytes(word: u32) -> vec4f { let i = bitcast<i32>(word); return vec4f(f32(i & 0xff), f32(i & 0xff00), f32(i & 0xff0000), 2147483648.0 + f32(bitcast<i32>((word ^ 0x80000000u) & 0xff000000u))); }
fn x_zero() -> f32 { return params.x_zero; }
fn w_bytes(word: u32) -> vec4f { let at_top = (vec4u(word) * vec4u(0x1000000u, 0x10000u, 0x100u, 1u)) & vec4u(0xff000000u); return vec4f(bitcast<vec4i>(at_top)) / 16777216.0; }

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

// x at a column of the row that starts at `row`; columns before the first wrap around to numbers beyond the last.
fn load(row: u32, column: u32) -> vec4f {
  return select(vec4f(0), x_bytes(x[row + min(column, params.in_w - 1u) * params.words]) - x_zero() * X_SCALE, column < params.in_w);
}

// The columns from w on that four outputs see of row h.
fn load_row(image: u32, h: u32, w: u32) -> Row {
  var r: Row;
  if (h < params.in_h) {
    let row = image + h * params.in_w * params.words;
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

// A word of four numbers rounded to bytes: added to 1.5 * 2^23, they stand in the lowest bits of a float.
fn saturated(v: vec4f) -> u32 {
  let steps = clamp(round(v) + params.zero, vec4f(params.low), vec4f(params.high));
  let b = bitcast<vec4u>(steps + vec4f(12582912.0)) & vec4u(255u);
  return b.x + b.y * 0x100u + b.z * 0x10000u + b.w * 0x1000000u;
}

fn finish(pixel: u32, quad: u32, sum: vec4i, factor: vec4f) -> bool { return put_word(pixel, quad, saturated(vec4f(sum) * factor)); }

fn put_word(pixel: u32, quad: u32, word: u32) -> bool {
  y[pixel * params.words + quad] = word;
  return true;
}

fn put_elements(pixel: u32, quad: u32, v: vec4u) -> bool {
  let at = pixel * params.channels + 4u * quad;
  for (var i = 0u; i < min(4u, params.channels - 4u * quad); i++) {
    y[at + i] = v[i];
  }
  return true;
}

// y at the column of the row whose first pixel is `row`.
fn store(row: u32, column: u32, quad: u32, sum: vec4f, added: vec4i, factor: vec4f) {
  if (column < params.out_w) {
    finish(row + column, quad, vec4i(sum) + added, factor);
  }
}

fn weights(quad: u32, tap: u32) -> vec4f {
  return (w_bytes(weight[tap * params.words + quad]) - w_zero[quad]) * (vec4f(1.0) / X_SCALE);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let quad = i % params.words;
  let tile = i / params.words;
  let left = (tile % params.tiles) * 4u;
  let band = tile / params.tiles;
  let n = band / params.bands;
  let first = (band % params.bands) * params.rows;
  let image = n * params.in_h * params.in_w * params.words + quad;
  let w = left * STRIDE - params.pad_w;
  let added = bias[quad];
  let factor = multiplier[quad];
  let m0 = weights(quad, 0u);
  let m1 = weights(quad, 1u);
  let m2 = weights(quad, 2u);
  let m3 = weights(quad, 3u);
  let m4 = weights(quad, 4u);
  let m5 = weights(quad, 5u);
  let m6 = weights(quad, 6u);
  let m7 = weights(quad, 7u);
  let m8 = weights(quad, 8u);
  // Every row of x is read once. It ends one row of y, goes on with another (where STRIDE is 1) and begins a third.
  var second = mat4x4f();
  var last = mat4x4f();
  let lead = 3u - STRIDE;
  let end = min(first + params.rows, params.out_h) + lead;
  for (var step = first; step < end; step++) {
    let h = step * STRIDE - params.pad_h;
    let r = load_row(image, h, w);
    let done = last + taps(r, m6, m7, m8);
    let begun = taps(r, m0, m1, m2);
    if (STRIDE == 1u) {
      last = second + taps(r, m3, m4, m5);
      second = begun;
    } else {
      last = begun + taps(load_row(image, h + 1u, w), m3, m4, m5);
    }
    if (step >= first + lead) {
      let row = (n * params.out_h + step - lead) * params.out_w;
      store(row, left, quad, done[0], added, factor);
      store(row, left + 1u, quad, done[1], added, factor);
      store(row, left + 2u, quad, done[2], added, factor);
      store(row, left + 3u, quad, done[3], added, factor);
    }
  }
}
