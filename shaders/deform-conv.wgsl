// y[n, o, r, c] = bias[o] + sum over i, a, b of w[o, i, a, b] * mask[n, k, r, c] * x[n, channel, row, column],
// row = r * stride_h - pad_h + a * dilation_h + offset[n, 2 k, r, c], column alike with offset[n, 2 k + 1, r, c],
// k the tap (a, b) of the channel's part. x between its pixels is interpolated, and 0 outside.
// x: [batch, channels, in_h, in_w]; w: [outputs, per_group, kernel_h, kernel_w]; offset: [batch, 2 * taps, out_h, out_w];
// mask: [batch, taps, out_h, out_w]; y: [batch, outputs, out_h, out_w], all row-major. One invocation computes one element.
struct Params {
  count: u32,
  channels: u32,
  in_h: u32,
  in_w: u32,
  outputs: u32,
  out_h: u32,
  out_w: u32,
  per_group: u32, // input channels of a group
  outputs_per_group: u32,
  part: u32, // channels that share offsets
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  stride_w: u32,
  pad_h: u32,
  pad_w: u32,
  dilation_h: u32,
  dilation_w: u32,
  taps: u32, // of all parts
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> offset: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read> mask: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;

override HAS_BIAS: bool = true;
override HAS_MASK: bool = true;
override WORKGROUP_SIZE: u32 = 64;

fn pixel(plane: u32, row: i32, column: i32) -> f32 {
  if (row < 0 || row >= i32(params.in_h) || column < 0 || column >= i32(params.in_w)) {
    return 0.0;
  }
  return x[plane + u32(row) * params.in_w + u32(column)];
}

fn between(plane: u32, row: f32, column: f32) -> f32 {
  // Far outside it is 0, whatever the offsets are.
  if (!(row > -1.0 && row < f32(params.in_h) && column > -1.0 && column < f32(params.in_w))) {
    return 0.0;
  }
  let top = i32(floor(row));
  let left = i32(floor(column));
  let down = row - floor(row);
  let across = column - floor(column);
  let above = (1.0 - across) * pixel(plane, top, left) + across * pixel(plane, top, left + 1);
  let below = (1.0 - across) * pixel(plane, top + 1, left) + across * pixel(plane, top + 1, left + 1);
  return (1.0 - down) * above + down * below;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let plane = params.out_h * params.out_w;
  let place = at % plane;
  let o = at / plane % params.outputs;
  let n = at / plane / params.outputs;
  let r = f32(place / params.out_w * params.stride_h) - f32(params.pad_h);
  let c = f32(place % params.out_w * params.stride_w) - f32(params.pad_w);
  let kernel = params.kernel_h * params.kernel_w;
  var sum = 0.0;
  for (var i = 0u; i < params.per_group; i++) {
    let channel = o / params.outputs_per_group * params.per_group + i;
    let source = (n * params.channels + channel) * params.in_h * params.in_w;
    let first = n * params.taps + channel / params.part * kernel;
    for (var tap = 0u; tap < kernel; tap++) {
      let moved = 2u * (first + tap) * plane + place;
      let row = r + f32(tap / params.kernel_w * params.dilation_h) + offset[moved];
      let column = c + f32(tap % params.kernel_w * params.dilation_w) + offset[moved + plane];
      var weight = w[(o * params.per_group + i) * kernel + tap];
      if (HAS_MASK) {
        weight *= mask[(first + tap) * plane + place];
      }
      sum += weight * between(source, row, column);
    }
  }
  if (HAS_BIAS) {
    sum += bias[o];
  }
  y[at] = sum;
}
