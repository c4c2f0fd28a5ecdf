// words[y * width + x] = RGBA bytes of the video frame at (x, y), red lowest, opaque
// frame: width x height pixels, upright and in sRGB. words: [height, width], one word a pixel, row-major.
struct Params {
  width: u32,
  count: u32, // pixels: width * height
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var frame: texture_external;
@group(0) @binding(2) var<storage, read_write> words: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let color = textureLoad(frame, vec2u(i % params.width, i / params.width));
  words[i] = pack4x8unorm(vec4f(color.rgb, 1));
}
