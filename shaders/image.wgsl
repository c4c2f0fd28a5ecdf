// y[c, v, u] = weights_c.rgb . picture(matrix * (u + 1/2, v + 1/2, 1)) + weights_c.w
// pixels: [source_height, source_width], one word of RGBA bytes a pixel, red lowest, row-major.
// y: element (c, v, u) at c * channel_stride + (v * width + u) * pixel_stride.
struct Params {
  width: u32,
  count: u32, // pixels of y: width * height
  channels: u32, // 1 or 3
  channel_stride: u32,
  pixel_stride: u32,
  source_width: i32,
  source_height: i32,
  matrix: array<vec4f, 2>, // rows of the affine map to source coordinates, .w unused
  weights: array<vec4f, 3>, // for each channel of y: factors of red, green, blue (0 to 255), and a constant
  background: vec4f,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

const NEAREST = 0u;
const BILINEAR = 1u;
const AREA = 2u;
override FILTER: u32 = 1;
override WORKGROUP_SIZE: u32 = 64;

fn color_at(at: vec2i) -> vec3f {
  let inside = clamp(at, vec2i(0), vec2i(params.source_width, params.source_height) - 1);
  let word = pixels[u32(inside.y * params.source_width + inside.x)];
  let color = vec3f((vec3u(word) >> vec3u(0, 8, 16)) & vec3u(255));
  return mix(params.background.rgb, color, f32(word >> 24) / 255);
}

fn bilinear(point: vec2f) -> vec3f {
  let corner = floor(point - 0.5);
  let rest = point - 0.5 - corner;
  let at = vec2i(corner);
  let upper = mix(color_at(at), color_at(at + vec2i(1, 0)), rest.x);
  let lower = mix(color_at(at + vec2i(0, 1)), color_at(at + vec2i(1, 1)), rest.x);
  return mix(upper, lower, rest.y);
}

// A triangle filter whose support grows with the downscale, cut off at the border of the picture.
fn area(point: vec2f) -> vec3f {
  let step = vec2f(length(params.matrix[0].xy), length(params.matrix[1].xy));
  let support = max(vec2f(1), step);
  let first = max(vec2i(floor(point - support)), vec2i(0));
  let last = min(vec2i(floor(point + support)), vec2i(params.source_width, params.source_height) - 1);
  var sum = vec3f(0);
  var total = 0f;
  for (var row = first.y; row <= last.y; row++) {
    var row_sum = vec3f(0);
    var row_total = 0f;
    for (var column = first.x; column <= last.x; column++) {
      let weight = max(0, 1 - abs(f32(column) + 0.5 - point.x) / support.x);
      row_sum += weight * color_at(vec2i(column, row));
      row_total += weight;
    }
    let weight = max(0, 1 - abs(f32(row) + 0.5 - point.y) / support.y);
    sum += weight * row_sum;
    total += weight * row_total;
  }
  return sum / total;
}

fn picture(point: vec2f) -> vec3f {
  if (any(point < vec2f(0)) || any(point >= vec2f(vec2i(params.source_width, params.source_height)))) {
    return params.background.rgb;
  }
  if (FILTER == NEAREST) {
    return color_at(vec2i(floor(point + 0.0007)));
  }
  if (FILTER == AREA) {
    return area(point);
  }
  return bilinear(point);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let center = vec3f(f32(i % params.width) + 0.5, f32(i / params.width) + 0.5, 1);
  let point = vec2f(dot(params.matrix[0].xyz, center), dot(params.matrix[1].xyz, center));
  let color = vec4f(picture(point), 1);
  for (var c = 0u; c < params.channels; c++) {
    y[c * params.channel_stride + i * params.pixel_stride] = dot(params.weights[c], color);
  }
}
