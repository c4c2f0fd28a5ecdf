// y[n, o, h, w] = epilogue(bias[o] + sum over i, p, q of x[n, i', h', w'] * weight[o, i, p, q]), any layout, any group.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing. i' = group of o * group_inputs + i.
// x: the element at (n, c, h, w) is at n * x_n + c * x_c + h * x_h + w * x_w.
// weight: [outputs, group_inputs, kernel_h, kernel_w]; bias: [outputs].
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
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
alias Weight = f32; // or words of integers
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
fn weights_at(at: u32) -> f32 { return weight[at]; }

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at = place_of(i);
  let window = params.kernel_h * params.kernel_w;
  let start = at.n * params.x_n + (at.o / params.group_outputs) * params.group_inputs * params.x_c;
  let weights = at.o * params.group_inputs * window;
  var sum = 0.0;
  if (HAS_BIAS) {
    sum = bias[at.o];
  }
  var p = 0u;
  loop {
    // Rows before the first wrap around to numbers beyond the last.
    let h = at.h * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    var q = 0u;
    loop {
      let w = at.w * params.stride_w + q * params.dilation_w - params.pad_w;
      if (w >= params.in_w) {
        continue;
      }
      var at_x = start + h * params.x_h + w * params.x_w;
      var at_weight = weights + p * params.kernel_w + q;
      for (var c = 0u; c < params.group_inputs; c++) {
        sum += x[at_x] * weights_at(at_weight);
        at_x += params.x_c;
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
  y[i] = epilogue(sum, i, at.o);
}
