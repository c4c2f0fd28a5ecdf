// y[n, h, w, c] = saturate(round(factor[taps] * sum over p, q of (x[n, h', w', c] - x_zero)) + zero), or their maximum as it is.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x nothing takes part.
// x: [N, in_h, in_w, words] words of four channels, or [N, words, in_h, in_w] of one, by strides; y alike; factors: one for each
// number of taps.
struct Params {
  count: u32, // words of y
  words: u32, // of a pixel
  x_n: u32, // strides of x in words
  x_h: u32,
  x_w: u32,
  x_c: u32,
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
  counted_h: u32, // extents with the padding that counts as taps, which starts before x by counted_pad
  counted_w: u32,
  counted_pad_h: u32,
  counted_pad_w: u32,
  x_zero: i32,
  low: i32,
  high: i32,
  zero: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override CHANNELS_LAST: bool = true;
override MAXIMUM: bool = false;
override WORKGROUP_SIZE: u32 = 64;

fn bytes_of(word: u32) -> vec4i { return vec4i((vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u)); }
fn word_of(v: vec4i) -> u32 { let b = vec4u(v) & vec4u(255u); return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var word = i % params.words;
  var pixel = i / params.words;
  if (!CHANNELS_LAST) {
    let plane = params.out_h * params.out_w;
    word = i / plane % params.words;
    pixel = i / (plane * params.words) * plane + i % plane;
  }
  let row = pixel / params.out_w;
  let image = row / params.out_h * params.x_n + word * params.x_c;
  var sum = vec4i();
  var most = vec4i(params.low);
  var taps = 0u;
  for (var p = 0u; p < params.kernel_h; p++) {
    // Rows and columns before the first wrap around to numbers beyond the last.
    let h = (row % params.out_h) * params.stride_h + p * params.dilation_h - params.pad_h;
    for (var q = 0u; q < params.kernel_w; q++) {
      let w = (pixel % params.out_w) * params.stride_w + q * params.dilation_w - params.pad_w;
      if (h + params.counted_pad_h < params.counted_h && w + params.counted_pad_w < params.counted_w) {
        taps++;
      }
      if (h < params.in_h && w < params.in_w) {
        let v = bytes_of(x[image + h * params.x_h + w * params.x_w]);
        sum += v - params.x_zero;
        most = max(most, v);
      }
    }
  }
  var v = most;
  if (!MAXIMUM) {
    let whole = vec4i(clamp(round(vec4f(sum) * factors[taps]), vec4f(-1e6), vec4f(1e6)));
    v = clamp(whole + params.zero, vec4i(params.low), vec4i(params.high));
  }
  y[i] = word_of(v);
}
