// y[row, c] = saturate(round(x[row, c] / scale) + zero_point), ties to even; NaN counts as 0.
// x: [rows, channels], the element at row * row_stride + c * channel_stride within images of `rows` rows; y: [rows, words] words
// of four elements. scale, zero_point: [1].
struct Params {
  count: u32, // words of y
  words: u32,
  channels: u32,
  rows: u32, // of an image
  image_stride: u32,
  row_stride: u32,
  channel_stride: u32,
  low: i32,
  high: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<From>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> zero_point: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

alias From = f32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_ZERO: bool = true;

fn divide(x: f32, s: f32) -> f32 { return round(x / s); }

fn quantized(at: u32, s: f32, zero: i32) -> u32 {
  var whole = divide(f32(x[at]), s);
  if ((bitcast<u32>(whole) & 0x7fffffffu) > 0x7f800000u) {
    whole = 0;
  }
  // Beyond every range, but far from overflow.
  return u32(clamp(i32(clamp(whole, -1e6, 1e6)) + zero, params.low, params.high)) & 255u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let row = i / params.words;
  let first = i % params.words * 4u;
  let at = row / params.rows * params.image_stride + row % params.rows * params.row_stride;
  let s = scale[0];
  var zero = 0;
  if (HAS_ZERO) {
    zero = bitcast<i32>(zero_point[0]);
  }
  var word = 0u;
  var place = 1u;
  var c = first;
  loop {
    word += quantized(at + c * params.channel_stride, s, zero) * place;
    place *= 256u;
    continuing {
      c++;
      break if c >= min(first + 4u, params.channels);
    }
  }
  y[i] = word;
}
