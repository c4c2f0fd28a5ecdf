// y[n, o, h, w] = finish(bias[o] + sum over i, p, q of (x[n, i', h', w'] - x_zero) * (weight[o, i, p, q] - w_zero[o]))
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing. i' = group of o * group_inputs + i.
// x: row-major [N, inputs, in_h, in_w]; weight: [outputs, group_inputs, kernel_h, kernel_w]; y: [N, outputs, out_h, out_w].
// x_zero: [1]; bias: [outputs]; w_zero, multiplier: [outputs], or [1] with a stride of 0.
struct Params {
  count: u32, // elements of y
  inputs: u32,
  outputs: u32,
  group_outputs: u32,
  group_inputs: u32,
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
  w_zero_stride: u32,
  multiplier_stride: u32,
  low: i32,
  high: i32,
  zero: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<X>;
@group(0) @binding(2) var<storage, read> weight: array<W>;
@group(0) @binding(3) var<storage, read> x_zero: array<X>;
@group(0) @binding(4) var<storage, read> w_zero: array<W>;
@group(0) @binding(5) var<storage, read> bias: array<i32>;
@group(0) @binding(6) var<storage, read> multiplier: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<Out>;

alias X = u32;
alias W = i32;
alias Out = i32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_X_ZERO: bool = true;
override HAS_W_ZERO: bool = true;
override HAS_BIAS: bool = true;
override HAS_MULTIPLIER: bool = true;

fn finish(sum: i32, factor: f32) -> Out { return sum; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at_w = i % params.out_w;
  let at_h = i / params.out_w % params.out_h;
  let plane = i / (params.out_w * params.out_h);
  let o = plane % params.outputs;
  let area = params.in_h * params.in_w;
  let window = params.kernel_h * params.kernel_w;
  let start = (plane / params.outputs * params.inputs + o / params.group_outputs * params.group_inputs) * area;
  let weights = o * params.group_inputs * window;
  var zero_x = 0;
  if (HAS_X_ZERO) {
    zero_x = i32(x_zero[0]);
  }
  var zero_w = 0;
  if (HAS_W_ZERO) {
    zero_w = i32(w_zero[o * params.w_zero_stride]);
  }
  var sum = 0;
  if (HAS_BIAS) {
    sum = bias[o];
  }
  var p = 0u;
  loop {
    // Rows before the first wrap around to numbers beyond the last.
    let h = at_h * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    var q = 0u;
    loop {
      let w = at_w * params.stride_w + q * params.dilation_w - params.pad_w;
      if (w >= params.in_w) {
        continue;
      }
      var at_x = start + h * params.in_w + w;
      var at_weight = weights + p * params.kernel_w + q;
      for (var c = 0u; c < params.group_inputs; c++) {
        sum += (i32(x[at_x]) - zero_x) * (i32(weight[at_weight]) - zero_w);
        at_x += area;
        at_weight += window;
      }
      continuing {
        q++;
        break if q >= params.kernel_w;
      }
    }
    continuing {
      p++;
      break if p >= params.kernel_h;
    }
  }
  var factor = 1.0;
  if (HAS_MULTIPLIER) {
    factor = multiplier[o * params.multiplier_stride];
  }
  y[i] = finish(sum, factor);
}
