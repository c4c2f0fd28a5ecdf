// words[v * pitch + u] = bytes of 255 * clamp(gain_b * x[channel_b, v, u] + offset_b, 0, 1), rounded, for the bytes b of a pixel
// x: element (c, v, u) at c * channel_stride + (v * width + u) * pixel_stride.
// words: [height, pitch], one word a pixel, row-major; the highest byte is opacity, by which the others are multiplied.
struct Params {
  width: u32,
  count: u32, // pixels: width * height
  pitch: u32, // words from row to row
  channel_stride: u32,
  pixel_stride: u32,
  opaque: u32, // 1 where x has no channel of opacity
  channels: vec4u, // which channel of x each byte shows
  gain: vec4f,
  offset: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

alias Elem = f32; // or i32, u32
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at = vec4u(i * params.pixel_stride) + params.channels * params.channel_stride;
  let v = vec4f(f32(x[at.x]), f32(x[at.y]), f32(x[at.z]), f32(x[at.w]));
  var color = clamp(v * params.gain + params.offset, vec4f(0), vec4f(1));
  if (params.opaque == 1u) {
    color.w = 1;
  }
  words[i / params.width * params.pitch + i % params.width] = pack4x8unorm(vec4f(color.rgb * color.w, color.w));
}
