// y[n, o, h, w] = epilogue(bias[o] + sum over i, p, q of x[n, i', h', w'] * weight[i', o', p, q]), any layout, any group.
// h' = (h + pad_h - p * dilation_h) / stride_h where that is whole and inside of x, w' alike; else it adds nothing.
// i' = group of o * group_inputs + i, o' = o within its group.
// x: the element at (n, c, h, w) is at n * x_n + c * x_c + h * x_h + w * x_w.
// weight: [inputs, group_outputs, kernel_h, kernel_w]; bias: [outputs].
// y: row-major [N, H, W, C] where CHANNELS_LAST, else [N, C, H, W].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // elements of y
  outputs: u32,
  group_outputs: u32,
  group_inputs: u32,
  x_n: u32,
  x_c: u32,
  x_h: u32,
  x_w: u32,
  in_h: i32,
  in_w: i32,
  out_h: u32,
  out_w: u32,
  kernel_h: i32,
  kernel_w: i32,
  stride_h: i32,
  stride_w: i32,
  dilation_h: i32,
  dilation_w: i32,
  pad_h: i32,
  pad_w: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override CHANNELS_LAST: bool = false;
override HAS_BIAS: bool = true;

struct Place {
  n: u32,
  o: u32,
  h: u32,
  w: u32,
}

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

fn place_of(i: u32) -> Place {
  if (CHANNELS_LAST) {
    let pixel = i / params.outputs;
    let row = pixel / params.out_w;
    return Place(row / params.out_h, i % params.outputs, row % params.out_h, pixel % params.out_w);
  }
  let row = i / params.out_w;
  let plane = row / params.out_h;
  return Place(plane / params.outputs, plane % params.outputs, row % params.out_h, i % params.out_w);
}

// The sum over the channels of one group at one pixel of x and one tap of the kernel.
fn tap_sum(first_x: u32, first_weight: u32) -> f32 {
  let step = params.group_outputs * u32(params.kernel_h * params.kernel_w);
  var at_x = first_x;
  var at_weight = first_weight;
  var sum = 0.0;
  for (var c = 0u; c < params.group_inputs; c++) {
    sum += x[at_x] * weight[at_weight];
    at_x += params.x_c;
    at_weight += step;
  }
  return sum;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at = place_of(i);
  let first_input = (at.o / params.group_outputs) * params.group_inputs;
  let start = at.n * params.x_n + first_input * params.x_c;
  let window = u32(params.kernel_h * params.kernel_w);
  let weights = (first_input * params.group_outputs + at.o % params.group_outputs) * window;
  var sum = 0.0;
  if (HAS_BIAS) {
    sum = bias[at.o];
  }
  var p = 0;
  loop {
    let from_h = i32(at.h) + params.pad_h - p * params.dilation_h;
    let h = from_h / params.stride_h;
    if (from_h < 0 || h >= params.in_h || h * params.stride_h != from_h) {
      continue;
    }
    var q = 0;
    loop {
      let from_w = i32(at.w) + params.pad_w - q * params.dilation_w;
      let w = from_w / params.stride_w;
      if (from_w < 0 || w >= params.in_w || w * params.stride_w != from_w) {
        continue;
      }
      sum += tap_sum(start + u32(h) * params.x_h + u32(w) * params.x_w, weights + u32(p * params.kernel_w + q));
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
  y[i] = epilogue(sum, i, at.o);
}
