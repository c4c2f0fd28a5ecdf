// y[n, c, h, w] = x[n, c] at the place (grid[n, h, w, 0], grid[n, h, w, 1]), each from -1 to 1 across the image
// x: [N, C, in_h, in_w], grid: [N, out_h, out_w, 2], y: [N, C, out_h, out_w], row-major.
struct Params {
  count: u32, // elements of y
  channels: u32,
  pixels: u32, // out_h * out_w
  in_h: i32,
  in_w: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const ZEROS = 0u;
const BORDER = 1u;
override PADDING: u32 = 0; // ZEROS, BORDER or, else, reflection
override NEAREST: bool = false;
override ALIGN_CORNERS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

// The place in pixels; far outside it is cut off, which leaves room for whole numbers beside it.
fn place_of(v: f32, extent: i32) -> f32 {
  let n = f32(extent);
  let place = select(((v + 1) * n - 1) / 2, (v + 1) / 2 * (n - 1), ALIGN_CORNERS);
  return clamp(place, -1e8, 1e8);
}

// The pixel that stands for number i of an axis; -1 for zeros.
fn inside(i: i32, extent: i32) -> i32 {
  if (i >= 0 && i < extent) {
    return i;
  }
  if (PADDING == ZEROS) {
    return -1;
  }
  if (PADDING == BORDER) {
    return clamp(i, 0, extent - 1);
  }
  let period = select(2 * extent, max(1, 2 * (extent - 1)), ALIGN_CORNERS);
  let k = (i % period + period) % period;
  return select(k, select(period - 1 - k, period - k, ALIGN_CORNERS), k >= extent);
}

fn pixel(plane: u32, h: i32, w: i32) -> f32 {
  let row = inside(h, params.in_h);
  let column = inside(w, params.in_w);
  if (row < 0 || column < 0) {
    return 0.0;
  }
  return x[plane + u32(row * params.in_w + column)];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at = 2u * (i / params.pixels / params.channels * params.pixels + i % params.pixels);
  let place = vec2f(place_of(grid[at], params.in_w), place_of(grid[at + 1u], params.in_h));
  let plane = i / params.pixels * u32(params.in_h * params.in_w);
  if (NEAREST) {
    let nearest = vec2i(round(place));
    y[i] = pixel(plane, nearest.y, nearest.x);
    return;
  }
  let low = floor(place);
  let weight = place - low;
  let first = vec2i(low);
  let top = mix(pixel(plane, first.y, first.x), pixel(plane, first.y, first.x + 1), weight.x);
  let bottom = mix(pixel(plane, first.y + 1, first.x), pixel(plane, first.y + 1, first.x + 1), weight.x);
  y[i] = mix(top, bottom, weight.y);
}
