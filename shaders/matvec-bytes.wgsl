// y[row, o] = finish(sum over inputs i of (x[row, i] - x_zero) * (weight[o, i] - w_zero[o])) for a row or a few
// A workgroup computes 16 outputs of a row, an invocation four, or with several SLICES every so-manieth word of their sums.
// The sum is that of the products of the bytes alone, and what `terms` makes of it.
// x: [rows, x_words] words of four inputs, signed once flipped. weight: [blocks of 16 outputs, words, quads of outputs], four
// words (one an output) of four inputs each. terms: three of four outputs each: what to add, the factor of -x_zero, w_zero.
// multiplier: of four outputs. y: [rows, output_words] words of four outputs, or [rows, outputs] elements.
struct Params {
  x_words: u32, // of a row of x
  words: u32, // of the inputs
  outputs: u32,
  output_words: u32,
  chunk: u32, // words of a slice whose products a Part sums exactly
  flip: u32, // makes the bytes of x signed
  last_ones: u32, // a 1 for each input in the last word
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

alias Part = vec4i; // or vec4f, of products as large as `whole` makes good
override SLICES: u32 = 16; // a power of two
override HAS_W_ZERO: bool = true;

var<workgroup> partials: array<vec4i, 4 * SLICES>;
var<workgroup> partial_x_sums: array<i32, 4 * SLICES>;

// The zero point of the signed bytes of x, where only a run can tell it too.
fn x_zero() -> i32 { return params.x_zero; }
fn finish(at: u32, o: u32, sum: vec4i, factor: vec4f) -> bool { return put_bytes(at, o, sum, factor); }
// The sum of four products of signed bytes.
fn dot4(a: u32, b: u32) -> i32 { let p = ((vec4i(bitcast<i32>(a)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)) * ((vec4i(bitcast<i32>(b)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u)); return p.x + p.y + p.z + p.w; }

fn put_bytes(row: u32, quad: u32, sum: vec4i, factor: vec4f) -> bool {
  y[row * params.output_words + quad] = saturated(vec4f(sum) * factor);
  return true;
}

// A word of four numbers rounded to bytes: added to 1.5 * 2^23, they stand in the lowest bits of a float.
fn saturated(v: vec4f) -> u32 {
  let steps = clamp(round(v) + params.zero, vec4f(params.low), vec4f(params.high));
  let b = bitcast<vec4u>(steps + vec4f(12582912.0)) & vec4u(255u);
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}

fn put_elements(row: u32, quad: u32, v: vec4u) -> bool {
  let at = row * params.outputs + 4u * quad;
  let left = params.outputs - 4u * quad;
  y[at] = v.x;
  if (left > 1u) { y[at + 1u] = v.y; }
  if (left > 2u) { y[at + 2u] = v.z; }
  if (left > 3u) { y[at + 3u] = v.w; }
  return true;
}

// Four inputs times those of four outputs.
fn products(a: u32, b: vec4u) -> Part { return vec4i(dot4(a, b.x), dot4(a, b.y), dot4(a, b.z), dot4(a, b.w)); }
fn whole(v: Part) -> vec4i { return v; }

// Four signed bytes, each times 2^24: it stands at the top of a word. A CPU adapter has no fast shift.
fn bytes_of(word: u32) -> vec4f {
  return vec4f((vec4i(bitcast<i32>(word)) * vec4i(0x1000000, 0x10000, 0x100, 1)) & vec4i(bitcast<i32>(0xff000000u)));
}

@compute @workgroup_size(4, SLICES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y;
  var sum = vec4i();
  var x_sum = 0;
  var k = local.y;
  loop {
    var part = Part();
    let end = min(k + params.chunk * SLICES, params.words);
    for (; k < end; k += SLICES) {
      let a = x[row * params.x_words + k] ^ params.flip;
      part += products(a, weight[(group.x * params.words + k) * 4u + local.x]);
      if (HAS_W_ZERO) {
        x_sum += dot4(a, select(0x01010101u, params.last_ones, k == params.words - 1u));
      }
    }
    sum += whole(part);
    continuing {
      break if k >= params.words;
    }
  }
  if (SLICES > 1u) {
    partials[lane] = sum;
    partial_x_sums[lane] = x_sum;
    for (var width = SLICES / 2u; width > 0u; width /= 2u) {
      workgroupBarrier();
      if (local.y < width) {
        partials[lane] += partials[lane + 4u * width];
        partial_x_sums[lane] += partial_x_sums[lane + 4u * width];
      }
    }
    sum = partials[lane];
    x_sum = partial_x_sums[lane];
  }
  let quad = group.x * 4u + local.x;
  if (local.y == 0u && 4u * quad < params.outputs) {
    let rest = terms[3u * quad] - x_zero() * terms[3u * quad + 1u];
    finish(row, quad, sum + rest - x_sum * terms[3u * quad + 2u], multiplier[quad]);
  }
}
