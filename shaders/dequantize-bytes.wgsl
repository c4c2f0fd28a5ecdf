// y[row, c] = epilogue((x[row, c] - zero_point[c]) * scale[c])
// x: [rows, words] words of four elements; y: the element at row * row_stride + c * channel_stride within images of `rows` rows;
// scale, zero_point: [channels], or [1] with a step of 0.
struct Params {
  count: u32, // words of x
  words: u32,
  channels: u32,
  rows: u32, // of an image
  image_stride: u32,
  row_stride: u32,
  channel_stride: u32,
  step: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> zero_point: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
const SHIFT = 0u; // 24 for signed bytes
override WORKGROUP_SIZE: u32 = 64;
override HAS_ZERO: bool = true;

fn epilogue(v: Elem) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var word = x[i];
  let row = i / params.words;
  let at = row / params.rows * params.image_stride + row % params.rows * params.row_stride;
  let first = i % params.words * 4u;
  for (var c = first; c < min(first + 4u, params.channels); c++) {
    var steps = (bitcast<i32>(word & 255u) << SHIFT) >> SHIFT;
    word >>= 8u;
    if (HAS_ZERO) {
      steps -= bitcast<i32>(zero_point[c * params.step]);
    }
    y[at + c * params.channel_stride] = epilogue(f32(steps) * scale[c * params.step]);
  }
}
