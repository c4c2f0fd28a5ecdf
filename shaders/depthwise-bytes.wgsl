// y[n, h, w, c] = finish(bias[c] + sum over p, q of (x[n, h', w', c] - x_zero) * (weight[c, p, q] - w_zero[c])), every channel by itself.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// An invocation computes four columns of a row of four channels, in float32, which holds the sums exactly.
// x: [N, in_h, in_w, words] words of four channels; weight: [kernel_h, kernel_w, words]; w_zero, bias, multiplier: of four channels;
// y: [N, out_h, out_w, words], or [N, out_h, out_w, channels] where the sums themselves are the result.
// zero_point: what x_zero is where only a run can tell it.
struct Params {
  count: u32, // invocations
  words: u32,
  channels: u32,
  tiles: u32, // of four columns, in a row of y
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  dilation_h: u32,
  dilation_w: u32,
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

const X_SCALE = vec4f(1.0, 256.0, 65536.0, 16777216.0);
override WORKGROUP_SIZE: u32 = 64;

// Four bytes, each times its X_SCALE: where they stand in a word. A CPU adapter has no fast shift.
fn x_bytes(word: u32) -> vec4f { let i = bitcast<i32>(word); return vec4f(f32(i & 0xff), f32(i & 0xff00), f32(i & 0xff0000), 2147483648.0 + f32(bitcast<i32>((word ^ 0x80000000u) & 0xff000000u))); }
fn x_zero() -> f32 { return params.x_zero; }
fn w_bytes(word: u32) -> vec4f { let at_top = (vec4u(word) * vec4u(0x1000000u, 0x10000u, 0x100u, 1u)) & vec4u(0xff000000u); return vec4f(bitcast<vec4i>(at_top)) / 16777216.0; }

// x at a column of the row that starts at `row`; columns before the first wrap around to numbers beyond the last.
fn load(row: u32, column: u32) -> vec4f {
  return select(vec4f(0), x_bytes(x[row + min(column, params.in_w - 1u) * params.words]) - x_zero() * X_SCALE, column < params.in_w);
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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let quad = i % params.words;
  let tile = i / params.words;
  let left = (tile % params.tiles) * 4u;
  let row = tile / params.tiles;
  let n = row / params.out_h;
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  let zero = w_zero[quad];
  let added = bias[quad];
  let factor = multiplier[quad];
  for (var p = 0u; p < params.kernel_h; p++) {
    let h = (row % params.out_h) * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    let at = (n * params.in_h + h) * params.in_w * params.words + quad;
    for (var q = 0u; q < params.kernel_w; q++) {
      let w = left * params.stride_w + q * params.dilation_w - params.pad_w;
      let m = (w_bytes(weight[(p * params.kernel_w + q) * params.words + quad]) - zero) * (vec4f(1.0) / X_SCALE);
      a0 += load(at, w) * m;
      a1 += load(at, w + params.stride_w) * m;
      a2 += load(at, w + 2u * params.stride_w) * m;
      a3 += load(at, w + 3u * params.stride_w) * m;
    }
  }
  let first = row * params.out_w;
  store(first, left, quad, a0, added, factor);
  store(first, left + 1u, quad, a1, added, factor);
  store(first, left + 2u, quad, a2, added, factor);
  store(first, left + 3u, quad, a3, added, factor);
}
