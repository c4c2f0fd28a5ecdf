// scale = (max - min) / 255, zero = saturate(round(-min / scale)), where min and max of x include 0; for zeros alone 1, 0.
// x: count elements. One workgroup reads them all.
struct Params {
  count: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;
@group(0) @binding(3) var<storage, read_write> zero: array<u32>;

override WORKGROUP_SIZE: u32 = 64; // a power of two

var<workgroup> extremes: array<vec2f, WORKGROUP_SIZE>;

fn divide(x: f32, s: f32) -> f32 { return x / s; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(local_invocation_index) lane: u32) {
  var low = 0.0;
  var high = 0.0;
  for (var i = lane; i < params.count; i += WORKGROUP_SIZE) {
    low = min(low, x[i]);
    high = max(high, x[i]);
  }
  extremes[lane] = vec2f(low, high);
  for (var width = WORKGROUP_SIZE / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      let other = extremes[lane + width];
      extremes[lane] = vec2f(min(extremes[lane].x, other.x), max(extremes[lane].y, other.y));
    }
  }
  if (lane == 0u) {
    let range = extremes[0];
    let step = select(divide(range.y - range.x, 255), 1, range.x == range.y);
    scale[0] = step;
    zero[0] = u32(clamp(round(divide(-range.x, step)), 0, 255));
  }
}
