// y[pixel, o] = finish(bias[o] + sum over taps and inputs i of (x[n, h', w', i] - x_zero) * (weight[o, i, p, q] - w_zero[o]))
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing. Matrix products are convolutions of one tap.
// A workgroup computes TILE_PIXELS x TILE_OUTPUTS elements of y, an invocation 8 x 4; it steps through the words of all taps by
// STEP. The sum is that of the products of the bytes alone, and what `terms` makes of it.
// x: [N, in_h, in_w, x_words] words of four inputs, signed once flipped. weight: [blocks of 16 outputs, taps, words, quads of
// outputs], four words (one an output) of four inputs each. terms: three of four outputs each: what to add, the factor of
// -x_zero, w_zero. multiplier: of four outputs. y: [pixels, output_words] words of four outputs, or [pixels, outputs] elements.
struct Params {
  pixels: u32,
  x_words: u32, // of a pixel of x
  words: u32, // of the inputs of a group
  outputs: u32,
  output_words: u32,
  group_blocks: u32, // of 16 outputs
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
  flip: u32, // makes the bytes of x signed
  last_ones: u32, // a 1 for each input in the last word of a group
  x_zero: i32, // of the signed bytes
  low: f32,
  high: f32,
  zero: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> weight: array<vec4u>;
@group(0) @binding(3) var<storage, read> terms: array<vec4i>;
@group(0) @binding(4) var<storage, read> multiplier: array<vec4f>;
@group(0) @binding(5) var<storage, read> zero_point: array<u32>;
@group(0) @binding(6) var<storage, read_write> y: array<u32>;

override TILE_PIXELS: u32 = 64;
override TILE_OUTPUTS: u32 = 64; // a multiple of 16
override STEP: u32 = 8;
override WORKGROUP_SIZE: u32 = 128; // TILE_PIXELS / 8 * TILE_OUTPUTS / 4
override HAS_W_ZERO: bool = true;
override ONE_INPUT: bool = false; // x has one: the inputs of a group are then the columns of the window, and its taps the rows

// [STEP, TILE_PIXELS] words, in vec4s of neighbouring pixels, and [STEP, TILE_OUTPUTS] in vec4s of neighbouring outputs.
var<workgroup> tile_x: array<vec4u, STEP * TILE_PIXELS / 4>;
var<workgroup> tile_weight: array<vec4u, STEP * TILE_OUTPUTS / 4>;

// The zero point of the signed bytes of x, where only a run can tell it too.
fn x_zero() -> i32 { return params.x_zero; }
fn finish(at: u32, o: u32, sum: vec4i, factor: vec4f) -> bool { return put_bytes(at, o, sum, factor); }
// The sum of four products of signed bytes.
fn dot4(a: u32, b: u32) -> i32 { let p = ((vec4i(bitcast<i32>(a)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)) * ((vec4i(bitcast<i32>(b)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)); return p.x + p.y + p.z + p.w; }

fn put_bytes(pixel: u32, quad: u32, sum: vec4i, factor: vec4f) -> bool {
  y[pixel * params.output_words + quad] = saturated(vec4f(sum) * factor);
  return true;
}

// A word of four numbers rounded to bytes: added to 1.5 * 2^23, they stand in the lowest bits of a float.
fn saturated(v: vec4f) -> u32 {
  let steps = clamp(round(v) + params.zero, vec4f(params.low), vec4f(params.high));
  let b = bitcast<vec4u>(steps + vec4f(12582912.0)) & vec4u(255u);
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}

fn put_elements(pixel: u32, quad: u32, v: vec4u) -> bool {
  let at = pixel * params.outputs + 4u * quad;
  let left = params.outputs - 4u * quad;
  y[at] = v.x;
  if (left > 1u) { y[at + 1u] = v.y; }
  if (left > 2u) { y[at + 2u] = v.z; }
  if (left > 3u) { y[at + 3u] = v.w; }
  return true;
}

// The only byte of a column; start is where its row is.
fn column(start: u32, w: u32, outside: u32) -> u32 {
  if (w >= params.in_w) {
    return outside & 255u;
  }
  return (x[start + w] ^ params.flip) & 255u;
}

fn four_columns(start: u32, w: u32, outside: u32) -> u32 {
  let d = params.dilation_w;
  return column(start, w, outside) | (column(start, w + d, outside) << 8u)
    | (column(start, w + 2u * d, outside) << 16u) | (column(start, w + 3u * d, outside) << 24u);
}

// A word of a tap of a pixel: `step` counts the words of one tap after the other.
fn gather(pixel: u32, step: u32, start: u32, outside: u32) -> u32 {
  let tap = step / params.words;
  let p = tap / params.kernel_w;
  let row = pixel / params.out_w;
  // Rows and columns before the first wrap around to numbers beyond the last.
  let h = (row % params.out_h) * params.stride_h + p * params.dilation_h - params.pad_h;
  let w = (pixel % params.out_w) * params.stride_w + (tap - p * params.kernel_w) * params.dilation_w - params.pad_w;
  if (ONE_INPUT && pixel < params.pixels && p < params.kernel_h && h < params.in_h) {
    return four_columns((row / params.out_h * params.in_h + h) * params.in_w, w + 4u * (step - tap * params.words) * params.dilation_w, outside);
  }
  if (pixel >= params.pixels || p >= params.kernel_h || h >= params.in_h || w >= params.in_w) {
    return outside;
  }
  return x[((row / params.out_h * params.in_h + h) * params.in_w + w) * params.x_words + start + step - tap * params.words] ^ params.flip;
}

fn fill_x(first: u32, from_step: u32, start: u32, outside: u32, lane: u32) {
  for (var i = lane; i < STEP * TILE_PIXELS / 4u; i += WORKGROUP_SIZE) {
    let step = from_step + i % STEP;
    let pixel = first + i / STEP * 4u;
    tile_x[i % STEP * (TILE_PIXELS / 4u) + i / STEP] = vec4u(
      gather(pixel, step, start, outside),
      gather(pixel + 1u, step, start, outside),
      gather(pixel + 2u, step, start, outside),
      gather(pixel + 3u, step, start, outside),
    );
  }
}

fn fill_weight(first_quad: u32, from_step: u32, steps: u32, lane: u32) {
  for (var i = lane; i < STEP * TILE_OUTPUTS / 4u; i += WORKGROUP_SIZE) {
    let step = from_step + i / (TILE_OUTPUTS / 4u);
    let quad = first_quad + i % (TILE_OUTPUTS / 4u);
    var v = vec4u();
    if (step < steps && 4u * quad < params.outputs) {
      v = weight[(quad / 4u * steps + step) * 4u + quad % 4u];
    }
    tile_weight[i] = v;
  }
}

fn dots(a: u32, b: vec4u) -> vec4i {
  return vec4i(dot4(a, b.x), dot4(a, b.y), dot4(a, b.z), dot4(a, b.w));
}

// What the sums of four outputs lack.
struct Rest {
  added: vec4i,
  w_zero: vec4i,
  factor: vec4f,
}

fn rest_of(quad: u32) -> Rest {
  let at = min(quad, (params.outputs - 1u) / 4u);
  return Rest(terms[3u * at] - x_zero() * terms[3u * at + 1u], terms[3u * at + 2u], multiplier[at]);
}

fn store(pixel: u32, quad: u32, sum: vec4i, x_sum: i32, rest: Rest) {
  if (pixel < params.pixels && 4u * quad < params.outputs) {
    finish(pixel, quad, sum + rest.added - x_sum * rest.w_zero, rest.factor);
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y + group.z * groups.y) * TILE_PIXELS;
  let first_quad = group.x * (TILE_OUTPUTS / 4u);
  let start = first_quad / 4u / params.group_blocks * params.words;
  let column = lane % (TILE_OUTPUTS / 4u);
  let pixels = lane / (TILE_OUTPUTS / 4u);
  let outside = (bitcast<u32>(x_zero()) & 255u) * 0x01010101u;
  let steps = params.kernel_h * params.kernel_w * params.words;
  var s0 = vec4i(); var s1 = vec4i(); var s2 = vec4i(); var s3 = vec4i();
  var s4 = vec4i(); var s5 = vec4i(); var s6 = vec4i(); var s7 = vec4i();
  // The sums of the inputs of each pixel.
  var t0 = vec4i(); var t1 = vec4i();
  for (var from_step = 0u; from_step < steps; from_step += STEP) {
    fill_x(first, from_step, start, outside, lane);
    fill_weight(first_quad, from_step, steps, lane);
    workgroupBarrier();
    for (var k = 0u; k < STEP; k++) {
      let m = tile_weight[k * (TILE_OUTPUTS / 4u) + column];
      let v0 = tile_x[k * (TILE_PIXELS / 4u) + pixels * 2u];
      let v1 = tile_x[k * (TILE_PIXELS / 4u) + pixels * 2u + 1u];
      s0 += dots(v0.x, m);
      s1 += dots(v0.y, m);
      s2 += dots(v0.z, m);
      s3 += dots(v0.w, m);
      s4 += dots(v1.x, m);
      s5 += dots(v1.y, m);
      s6 += dots(v1.z, m);
      s7 += dots(v1.w, m);
      if (HAS_W_ZERO) {
        let step = from_step + k;
        let ones = select(select(0x01010101u, params.last_ones, (step + 1u) % params.words == 0u), 0u, step >= steps);
        t0 += dots(ones, v0);
        t1 += dots(ones, v1);
      }
    }
    workgroupBarrier();
  }
  let pixel = first + pixels * 8u;
  let quad = first_quad + column;
  let rest = rest_of(quad);
  store(pixel, quad, s0, t0.x, rest);
  store(pixel + 1u, quad, s1, t0.y, rest);
  store(pixel + 2u, quad, s2, t0.z, rest);
  store(pixel + 3u, quad, s3, t0.w, rest);
  store(pixel + 4u, quad, s4, t1.x, rest);
  store(pixel + 5u, quad, s5, t1.y, rest);
  store(pixel + 6u, quad, s6, t1.z, rest);
  store(pixel + 7u, quad, s7, t1.w, rest);
}
