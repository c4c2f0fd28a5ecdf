// y[pixel, o] = finish(bias[o] + sum over taps and inputs i of (x[n, h', w', i] - x_zero) * (weight[o, i, p, q] - w_zero[o]))
// A 3x3 window that moves by one: h' = h - pad_h + p, w' = w - pad_w + q; outside of x it adds nothing.
// The sum is that of the products of the bytes alone, which float32 holds exactly for `chunk` words, and what `terms` makes of it.
// Four invocations, a workgroup, hold 16 outputs: four each, for 14 columns of a row. Each loads and unpacks every fourth column
// and hands it to the others. Three neighbouring outputs share a column.
// x: [N, in_h, in_w, x_words] words of four inputs, signed once flipped. weight: [blocks of 16 outputs, taps, words, invocation],
// four words (one an output) of four inputs each. terms: three of four outputs each: what to add, the factor of -x_zero, w_zero.
// multiplier: of four outputs. y: [pixels, output_words] words of four outputs, or [pixels, outputs] elements.
enable subgroups;
struct Params {
  x_words: u32, // of a pixel of x
  words: u32, // of the inputs of a group
  blocks: u32, // of 16 outputs
  outputs: u32,
  output_words: u32,
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  pad_h: u32,
  pad_w: u32,
  chunk: u32, // words whose products a float32 sums exactly
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

alias Sum = vec4i; // vec4f where it holds all sums exactly
override HAS_W_ZERO: bool = true;

// The zero point of the signed bytes of x, where only a run can tell it too.
fn x_zero() -> i32 { return params.x_zero; }
fn finish(at: u32, o: u32, sum: Sum, factor: vec4f) -> bool { return put_bytes(at, o, sum, factor); }

fn put_bytes(pixel: u32, quad: u32, sum: Sum, factor: vec4f) -> bool {
  y[pixel * params.output_words + quad] = saturated(vec4f(sum) * factor);
  return true;
}

// A word of four numbers rounded to bytes: added to 1.5 * 2^23, they stand in the lowest bits of a float.
fn saturated(v: vec4f) -> u32 {
  let steps = clamp(round(v) + params.zero, vec4f(params.low), vec4f(params.high));
  let b = bitcast<vec4u>(steps + vec4f(12582912.0)) & vec4u(255u);
  return b.x + b.y * 0x100u + b.z * 0x10000u + b.w * 0x1000000u;
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

// Four signed bytes, each times 2^24: it stands at the top of a word. A CPU adapter has no fast shift.
fn bytes_of(word: u32) -> vec4f {
  let i = bitcast<i32>(word);
  let top = bitcast<i32>(0xff000000u);
  return vec4f(f32(i * 0x1000000), f32((i * 0x10000) & top), f32((i * 0x100) & top), f32(i & top));
}

// Whole sums of products of such bytes.
fn whole(sum: vec4f) -> Sum {
  return Sum(sum * 3.552713678800501e-15); // 2^-48
}

// Four inputs of each of four outputs.
fn matrix_of(words: vec4u) -> mat4x4f {
  return mat4x4f(bytes_of(words.x), bytes_of(words.y), bytes_of(words.z), bytes_of(words.w));
}

// What the sums of four outputs lack.
struct Rest {
  added: Sum,
  w_zero: vec4i,
  factor: vec4f,
}

fn rest_of(quad: u32) -> Rest {
  let at = min(quad, (params.outputs - 1u) / 4u);
  return Rest(Sum(terms[3u * at] - x_zero() * terms[3u * at + 1u]), terms[3u * at + 2u], multiplier[at]);
}

// y at the column of the row whose first pixel is `row`.
fn store(row: u32, column: u32, quad: u32, sum: Sum, x_sum: i32, rest: Rest) {
  if (column < params.out_w && 4u * quad < params.outputs) {
    var total = sum + rest.added;
    if (HAS_W_ZERO) {
      total -= Sum(x_sum * rest.w_zero);
    }
    finish(row + column, quad, total, rest.factor);
  }
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x % params.blocks;
  let left = (group.x / params.blocks) * 14u;
  let quad = block * 4u + lane;
  let outside = (bitcast<u32>(x_zero()) & 255u) * 0x01010101u;
  // Rows and columns before the first wrap around to numbers beyond the last.
  let last = params.in_w - 1u;
  let w0 = left + lane - params.pad_w;
  let w1 = w0 + 4u;
  let w2 = w0 + 8u;
  let w3 = w0 + 12u;
  var s0 = Sum();
  var s1 = Sum();
  var s2 = Sum();
  var s3 = Sum();
  var s4 = Sum();
  var s5 = Sum();
  var s6 = Sum();
  var s7 = Sum();
  var s8 = Sum();
  var s9 = Sum();
  var s10 = Sum();
  var s11 = Sum();
  var s12 = Sum();
  var s13 = Sum();
  // The sums of the inputs of this invocation's own columns.
  var x_sums = vec4i();
  let tap = params.words * 4u;
  var p = 0u;
  loop {
    let h = group.y + p - params.pad_h;
    let row = (group.z * params.in_h + min(h, params.in_h - 1u)) * params.in_w;
    let in_row = h < params.in_h;
    let at0 = (row + min(w0, last)) * params.x_words;
    let at1 = (row + min(w1, last)) * params.x_words;
    let at2 = (row + min(w2, last)) * params.x_words;
    let at3 = (row + min(w3, last)) * params.x_words;
    var at = (block * 3u + p) * 3u * tap + lane;
    var begin = 0u;
    loop {
      var a0 = vec4f();
      var a1 = vec4f();
      var a2 = vec4f();
      var a3 = vec4f();
      var a4 = vec4f();
      var a5 = vec4f();
      var a6 = vec4f();
      var a7 = vec4f();
      var a8 = vec4f();
      var a9 = vec4f();
      var a10 = vec4f();
      var a11 = vec4f();
      var a12 = vec4f();
      var a13 = vec4f();
      var own = vec4f();
      for (var k = begin; k < min(begin + params.chunk, params.words); k++) {
        let m0 = matrix_of(weight[at]);
        let m1 = matrix_of(weight[at + tap]);
        let m2 = matrix_of(weight[at + 2u * tap]);
        at += 4u;
        let v0 = bytes_of(select(outside, x[at0 + k] ^ params.flip, in_row && w0 <= last));
        let v1 = bytes_of(select(outside, x[at1 + k] ^ params.flip, in_row && w1 <= last));
        let v2 = bytes_of(select(outside, x[at2 + k] ^ params.flip, in_row && w2 <= last));
        let v3 = bytes_of(select(outside, x[at3 + k] ^ params.flip, in_row && w3 <= last));
        if (HAS_W_ZERO) {
          let ones = bytes_of(select(0x01010101u, params.last_ones, k == params.words - 1u));
          own += vec4f(dot(v0, ones), dot(v1, ones), dot(v2, ones), dot(v3, ones));
        }
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
      }
      s0 += whole(a0);
      s1 += whole(a1);
      s2 += whole(a2);
      s3 += whole(a3);
      s4 += whole(a4);
      s5 += whole(a5);
      s6 += whole(a6);
      s7 += whole(a7);
      s8 += whole(a8);
      s9 += whole(a9);
      s10 += whole(a10);
      s11 += whole(a11);
      s12 += whole(a12);
      s13 += whole(a13);
      x_sums += vec4i(whole(own));
      continuing {
        begin += params.chunk;
        break if begin >= params.words;
      }
    }
    continuing {
      p++;
      break if p >= 3u;
    }
  }
  let first = (group.z * params.out_h + group.y) * params.out_w;
  let rest = rest_of(quad);
  let t0 = quadBroadcast(x_sums.x, 0u);
  let t1 = quadBroadcast(x_sums.x, 1u);
  let t2 = quadBroadcast(x_sums.x, 2u);
  let t3 = quadBroadcast(x_sums.x, 3u);
  let t4 = quadBroadcast(x_sums.y, 0u);
  let t5 = quadBroadcast(x_sums.y, 1u);
  let t6 = quadBroadcast(x_sums.y, 2u);
  let t7 = quadBroadcast(x_sums.y, 3u);
  let t8 = quadBroadcast(x_sums.z, 0u);
  let t9 = quadBroadcast(x_sums.z, 1u);
  let t10 = quadBroadcast(x_sums.z, 2u);
  let t11 = quadBroadcast(x_sums.z, 3u);
  let t12 = quadBroadcast(x_sums.w, 0u);
  let t13 = quadBroadcast(x_sums.w, 1u);
  let t14 = quadBroadcast(x_sums.w, 2u);
  let t15 = quadBroadcast(x_sums.w, 3u);
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13);
  var sums_of_x = array(
    t0 + t1 + t2, t1 + t2 + t3, t2 + t3 + t4, t3 + t4 + t5,
    t4 + t5 + t6, t5 + t6 + t7, t6 + t7 + t8, t7 + t8 + t9,
    t8 + t9 + t10, t9 + t10 + t11, t10 + t11 + t12, t11 + t12 + t13,
    t12 + t13 + t14, t13 + t14 + t15,
  );
  for (var j = 0u; j < 14u; j++) {
    store(first, left + j, quad, sums[j], sums_of_x[j], rest);
  }
}
