// y[n, c, h, w] = epilogue(root(sum over p, q of power(|x[n, c, h * stride_h - pad_h + p * dilation_h, w ...]|)))
// x: the element at (n, c, h, w) is at n * x_n + c * x_c + h * x_h + w * x_w; outside of it nothing is added.
// y: row-major [N, H, W, C] where CHANNELS_LAST, else [N, C, H, W].
struct Params {
  count: u32, // elements of y
  channels: u32,
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
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override CHANNELS_LAST: bool = false;

struct Place {
  n: u32,
  c: u32,
  h: u32,
  w: u32,
}

fn power(v: f32) -> f32 { return v * v; }
fn root(v: f32) -> f32 { return sqrt(v); }
fn epilogue(v: Elem) -> Elem { return v; }

fn place_of(i: u32) -> Place {
  if (CHANNELS_LAST) {
    let pixel = i / params.channels;
    let row = pixel / params.out_w;
    return Place(row / params.out_h, i % params.channels, row % params.out_h, pixel % params.out_w);
  }
  let row = i / params.out_w;
  let plane = row / params.out_h;
  return Place(plane / params.channels, plane % params.channels, row % params.out_h, i % params.out_w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let at = place_of(i);
  let start = at.n * params.x_n + at.c * params.x_c;
  var sum = 0.0;
  for (var p = 0u; p < params.kernel_h; p++) {
    // Rows before the first wrap around to numbers beyond the last.
    let h = at.h * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    var row_sum = 0.0;
    for (var q = 0u; q < params.kernel_w; q++) {
      let w = at.w * params.stride_w + q * params.dilation_w - params.pad_w;
      if (w < params.in_w) {
        row_sum += power(abs(x[start + h * params.x_h + w * params.x_w]));
      }
    }
    sum += row_sum;
  }
  y[i] = epilogue(root(sum));
}
