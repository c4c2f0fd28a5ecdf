// y[n, c, p] = the sum over the taps of each axis of x[n, c] beside the place grid[n, p], times their weights
// x: [N, C, ...extents], grid: [N, ...p, axes], y: [N, C, ...p], row-major; extents of three axes, of which the last
// `axes` are there. A place has its innermost axis first, each from -1 to 1 across the image.
struct Params {
  count: u32, // elements of y
  channels: u32,
  pixels: u32, // places of one image of y
  axes: u32,
  extents: vec4i,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> grid: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const ZEROS = 0u;
const BORDER = 1u;
const NEAREST = 1u;
const LINEAR = 2u;
override PADDING: u32 = 0; // ZEROS, BORDER or, else, reflection
override TAPS: u32 = 4; // along an axis: NEAREST, LINEAR or, else, cubic
override ALIGN_CORNERS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

// The taps along one axis: the pixels for which they stand, -1 for zeros, and their weights.
struct Taps {
  count: u32,
  pixels: vec4i,
  weights: vec4f,
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

// Keys's cubic of parameter -0.75 at distances 1 + f, f, 1 - f and 2 - f.
fn cubic_weights(f: f32) -> vec4f {
  let near = vec2f(f, 1 - f);
  let far = near + 1;
  let inner = (1.25 * near - 2.25) * near * near + 1;
  let outer = ((-0.75 * far + 3.75) * far - 6) * far + 3;
  return vec4f(outer.x, inner, outer.y);
}

fn taps_at(v: f32, extent: i32) -> Taps {
  let n = f32(extent);
  let unbounded = select(((v + 1) * n - 1) / 2, (v + 1) / 2 * (n - 1), ALIGN_CORNERS);
  // Far outside the place is cut off, which leaves room for whole numbers beside it.
  let place = clamp(unbounded, -1e8, 1e8);
  if (TAPS == NEAREST) {
    return Taps(1u, vec4i(inside(i32(round(place)), extent)), vec4f(1));
  }
  let low = floor(place);
  let f = place - low;
  let i = i32(low);
  if (TAPS == LINEAR) {
    return Taps(2u, vec4i(inside(i, extent), inside(i + 1, extent), -1, -1), vec4f(1 - f, f, 0, 0));
  }
  let pixels = vec4i(inside(i - 1, extent), inside(i, extent), inside(i + 1, extent), inside(i + 2, extent));
  return Taps(4u, pixels, cubic_weights(f));
}

// The taps along axis k of three; the one pixel of an axis that is not there.
fn axis_taps(first: u32, k: u32) -> Taps {
  if (k + params.axes < 3u) {
    return Taps(1u, vec4i(0), vec4f(1));
  }
  return taps_at(grid[first + 2u - k], params.extents[k]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let first = params.axes * (i / params.pixels / params.channels * params.pixels + i % params.pixels);
  let a = axis_taps(first, 0u);
  let b = axis_taps(first, 1u);
  let c = axis_taps(first, 2u);
  let plane = i / params.pixels * u32(params.extents.x * params.extents.y * params.extents.z);
  var sum = 0.0;
  for (var p = 0u; p < a.count; p++) {
    for (var q = 0u; q < b.count; q++) {
      for (var r = 0u; r < c.count; r++) {
        let pixel = vec3i(a.pixels[p], b.pixels[q], c.pixels[r]);
        if (all(pixel >= vec3i(0))) {
          let at = (pixel.x * params.extents.y + pixel.y) * params.extents.z + pixel.z;
          sum += a.weights[p] * b.weights[q] * c.weights[r] * x[plane + u32(at)];
        }
      }
    }
  }
  y[i] = sum;
}
