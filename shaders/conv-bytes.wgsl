// y[pixel, o] = finish(bias[o] + sum over taps and inputs i of (x[n, h', w', i] - x_zero) * (weight[o, i, p, q] - w_zero[o]))
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing. Matrix products are convolutions of one tap.
// The sum is that of the products of the bytes alone, which float32 holds exactly for `chunk` words, and what `terms` makes of it.
// Four invocations, a workgroup, hold 16 outputs: four each, for 16 pixels. Each loads and unpacks every fourth pixel and hands
// it to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [N, in_h, in_w, x_words] words of four inputs, signed once flipped. weight: [blocks of 16 outputs, taps, words, invocation],
// four words (one an output) of four inputs each. terms: three of four outputs each: what to add, the factor of -x_zero, w_zero.
// multiplier: of four outputs. y: [pixels, output_words] words of four outputs, or [pixels, outputs] elements.
enable subgroups;
struct Params {
  pixels: u32,
  x_words: u32, // of a pixel of x
  words: u32, // of the inputs of a group
  outputs: u32,
  output_words: u32,
  group_blocks: u32, // of 16 outputs
  taps_together: u32, // whose words together are at most `chunk`, or 1
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
override WINDOW: bool = true; // false for one tap that moves by one and nothing padded
override ONE_INPUT: bool = false; // x has one: the inputs of a group are then the columns of the window, and its taps the rows
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

// The first row and column of x that a pixel of y sees, which wrap around to numbers beyond the last; h counts from row.
struct Place {
  row: u32,
  h: u32,
  w: u32,
}

fn place_of(pixel: u32) -> Place {
  let at = min(pixel, params.pixels - 1u);
  if (!WINDOW) {
    return Place(at, 0u, 0u);
  }
  let line = at / params.out_w;
  let n = line / params.out_h;
  return Place(n * params.in_h, (line % params.out_h) * params.stride_h - params.pad_h, (at % params.out_w) * params.stride_w - params.pad_w);
}

// Where the first word of x for a tap is; all ones outside of x.
fn first_word(place: Place, p: u32, q: u32) -> u32 {
  if (!WINDOW) {
    return place.row * params.x_words;
  }
  let h = place.h + p * params.dilation_h;
  if (ONE_INPUT) {
    return select(0xffffffffu, (place.row + h) * params.in_w, h < params.in_h);
  }
  let w = place.w + q * params.dilation_w;
  return select(0xffffffffu, ((place.row + h) * params.in_w + w) * params.x_words, h < params.in_h && w < params.in_w);
}

// The only byte of a column; start is where its row is.
fn column(start: u32, w: u32, outside: u32) -> u32 {
  let inside = start != 0xffffffffu && w < params.in_w;
  return select(outside, x[select(0u, start + w, inside)] ^ params.flip, inside) & 255u;
}

fn four_columns(start: u32, w: u32, outside: u32) -> u32 {
  let d = params.dilation_w;
  return column(start, w, outside) + column(start, w + d, outside) * 0x100u
    + column(start, w + 2u * d, outside) * 0x10000u + column(start, w + 3u * d, outside) * 0x1000000u;
}

fn load(start: u32, k: u32, w: u32, outside: u32) -> u32 {
  if (ONE_INPUT) {
    return four_columns(start, w + 4u * k * params.dilation_w, outside);
  }
  if (!WINDOW) {
    return x[start + k] ^ params.flip;
  }
  return select(x[select(start, 0u, start == 0xffffffffu) + k] ^ params.flip, outside, start == 0xffffffffu);
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

fn store(pixel: u32, quad: u32, sum: Sum, x_sum: i32, rest: Rest) {
  if (pixel < params.pixels && 4u * quad < params.outputs) {
    var total = sum + rest.added;
    if (HAS_W_ZERO) {
      total -= Sum(x_sum * rest.w_zero);
    }
    finish(pixel, quad, total, rest.factor);
  }
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first = (group.y + group.z * groups.y) * 16u;
  if (first >= params.pixels) {
    return;
  }
  let quad = group.x * 4u + lane;
  let start = group.x / params.group_blocks * params.words;
  let outside = (bitcast<u32>(x_zero()) & 255u) * 0x01010101u;
  let place0 = place_of(first + lane);
  let place1 = place_of(first + lane + 4u);
  let place2 = place_of(first + lane + 8u);
  let place3 = place_of(first + lane + 12u);
  var s0 = Sum(); var s1 = Sum(); var s2 = Sum(); var s3 = Sum();
  var s4 = Sum(); var s5 = Sum(); var s6 = Sum(); var s7 = Sum();
  var s8 = Sum(); var s9 = Sum(); var s10 = Sum(); var s11 = Sum();
  var s12 = Sum(); var s13 = Sum(); var s14 = Sum(); var s15 = Sum();
  // The sums of the inputs of this invocation's own pixels.
  var x_sums = vec4i();
  var at = group.x * params.kernel_h * params.kernel_w * params.words * 4u + lane;
  let taps = params.kernel_h * params.kernel_w;
  // Taps that fit a chunk together, or the chunks of one.
  var from_tap = 0u;
  loop {
    var begin = 0u;
    loop {
      var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
      var a4 = vec4f(); var a5 = vec4f(); var a6 = vec4f(); var a7 = vec4f();
      var a8 = vec4f(); var a9 = vec4f(); var a10 = vec4f(); var a11 = vec4f();
      var a12 = vec4f(); var a13 = vec4f(); var a14 = vec4f(); var a15 = vec4f();
      var own = vec4f();
      var tap = from_tap;
      loop {
        let p = tap / params.kernel_w;
        let q = tap % params.kernel_w;
        let at0 = first_word(place0, p, q);
        let at1 = first_word(place1, p, q);
        let at2 = first_word(place2, p, q);
        let at3 = first_word(place3, p, q);
        for (var k = begin; k < min(begin + params.chunk, params.words); k++) {
          let words = weight[at];
          at += 4u;
          let m = mat4x4f(bytes_of(words.x), bytes_of(words.y), bytes_of(words.z), bytes_of(words.w));
          let v0 = bytes_of(load(at0, start + k, place0.w, outside));
          let v1 = bytes_of(load(at1, start + k, place1.w, outside));
          let v2 = bytes_of(load(at2, start + k, place2.w, outside));
          let v3 = bytes_of(load(at3, start + k, place3.w, outside));
          if (HAS_W_ZERO) {
            let ones = bytes_of(select(0x01010101u, params.last_ones, k == params.words - 1u));
            own += vec4f(dot(v0, ones), dot(v1, ones), dot(v2, ones), dot(v3, ones));
          }
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
        }
        continuing {
          tap++;
          break if tap >= min(from_tap + params.taps_together, taps);
        }
      }
      s0 += whole(a0); s1 += whole(a1); s2 += whole(a2); s3 += whole(a3);
      s4 += whole(a4); s5 += whole(a5); s6 += whole(a6); s7 += whole(a7);
      s8 += whole(a8); s9 += whole(a9); s10 += whole(a10); s11 += whole(a11);
      s12 += whole(a12); s13 += whole(a13); s14 += whole(a14); s15 += whole(a15);
      x_sums += vec4i(whole(own));
      continuing {
        begin += params.chunk;
        break if begin >= params.words;
      }
    }
    continuing {
      from_tap += params.taps_together;
      break if from_tap >= taps;
    }
  }
  let rest = rest_of(quad);
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15);
  var sums_of_x = array(
    quadBroadcast(x_sums.x, 0u), quadBroadcast(x_sums.x, 1u), quadBroadcast(x_sums.x, 2u), quadBroadcast(x_sums.x, 3u),
    quadBroadcast(x_sums.y, 0u), quadBroadcast(x_sums.y, 1u), quadBroadcast(x_sums.y, 2u), quadBroadcast(x_sums.y, 3u),
    quadBroadcast(x_sums.z, 0u), quadBroadcast(x_sums.z, 1u), quadBroadcast(x_sums.z, 2u), quadBroadcast(x_sums.z, 3u),
    quadBroadcast(x_sums.w, 0u), quadBroadcast(x_sums.w, 1u), quadBroadcast(x_sums.w, 2u), quadBroadcast(x_sums.w, 3u),
  );
  for (var j = 0u; j < 16u; j++) {
    store(first + j, quad, sums[j], sums_of_x[j], rest);
  }
}
