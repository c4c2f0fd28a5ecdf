// y[r, c, h, w] = the mean (or maximum) of rows * columns samples of x[images[r], c] in bin (h, w) of region r
// x: [N, C, in_h, in_w], regions: [R, 4] of x1, y1, x2, y2, images: [R], y: [R, C, out_h, out_w], row-major.
struct Params {
  count: u32, // elements of y
  channels: u32,
  batch: i32,
  in_h: i32,
  in_w: i32,
  out_h: u32,
  out_w: u32,
  sampling_ratio: i32, // samples along each side of a bin; 0: about one a pixel
  scale: f32,
  shift: f32, // of the scaled corners
  least: f32, // extent of a region
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> regions: array<f32>;
@group(0) @binding(3) var<storage, read> images: array<i32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

override IS_MAX: bool = false;
override WORKGROUP_SIZE: u32 = 64;
// Keeps regions far larger than any image from running on and on.
const MOST_SAMPLES = 1024.0;

// The four pixels around a place, times their weights; zeros where it is more than a pixel outside.
fn around(plane: u32, place: vec2f) -> vec4f {
  let size = vec2i(params.in_w, params.in_h);
  if (!(all(place >= vec2f(-1)) && all(place <= vec2f(size)))) {
    return vec4f(0);
  }
  let v = max(place, vec2f(0));
  let low = min(vec2i(floor(v)), size - 1);
  let high = min(low + 1, size - 1);
  let f = select(v - vec2f(low), vec2f(0), low == size - 1);
  let g = 1 - f;
  let pixels = vec4f(
    x[plane + u32(low.y * size.x + low.x)],
    x[plane + u32(low.y * size.x + high.x)],
    x[plane + u32(high.y * size.x + low.x)],
    x[plane + u32(high.y * size.x + high.x)],
  );
  return pixels * vec4f(g.y * g.x, g.y * f.x, f.y * g.x, f.y * f.x);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let row = i / params.out_w;
  let c = row / params.out_h % params.channels;
  let r = row / params.out_h / params.channels;
  let image = u32(clamp(images[r], 0, params.batch - 1));
  let plane = (image * params.channels + c) * u32(params.in_h * params.in_w);
  let start = vec2f(regions[4u * r], regions[4u * r + 1u]) * params.scale - params.shift;
  let end = vec2f(regions[4u * r + 2u], regions[4u * r + 3u]) * params.scale - params.shift;
  let extent = select(end - start, max(end - start, vec2f(params.least)), params.least > 0);
  let bin = extent / vec2f(f32(params.out_w), f32(params.out_h));
  let adaptive = vec2i(clamp(ceil(bin), vec2f(0), vec2f(MOST_SAMPLES)));
  let samples = select(adaptive, vec2i(params.sampling_ratio), params.sampling_ratio > 0);
  let corner = start + vec2f(f32(i % params.out_w), f32(row % params.out_h)) * bin;
  var sum = 0.0;
  var most = vec4f(-3.4e38);
  for (var p = 0; p < samples.y; p++) {
    for (var q = 0; q < samples.x; q++) {
      let v = around(plane, corner + (vec2f(f32(q), f32(p)) + 0.5) * bin / vec2f(samples));
      sum += v.x + v.y + v.z + v.w;
      most = max(most, v);
    }
  }
  let count = samples.x * samples.y;
  let largest = select(0.0, max(max(most.x, most.y), max(most.z, most.w)), count > 0);
  y[i] = select(sum / f32(max(1, count)), largest, IS_MAX);
}
