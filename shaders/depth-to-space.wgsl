// y[n, c, h, w] = x[n, c', (h + top) / block, (w + left) / block], c' the channel of c for the place
// (h + top) % block * block + (w + left) % block.
// x: the element at (n, c, place, h, w) is at n * x_n + c * x_c + place * x_place + h * x_h + w * x_w.
// y: row-major [N, H, W, C] where CHANNELS_LAST, else [N, C, H, W]. Strides, channels and indices are in units of Elem.
struct Params {
  count: u32, // elements of y
  channels: u32,
  out_h: u32,
  out_w: u32,
  block: u32,
  top: u32,
  left: u32,
  x_n: u32,
  x_c: u32,
  x_place: u32,
  x_h: u32,
  x_w: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;
override CHANNELS_LAST: bool = false;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var c = i % params.channels;
  var pixel = i / params.channels;
  if (!CHANNELS_LAST) {
    let plane = params.out_h * params.out_w;
    c = i / plane % params.channels;
    pixel = i / plane / params.channels * plane + i % plane;
  }
  let row = pixel / params.out_w;
  let n = row / params.out_h;
  let h = row % params.out_h + params.top;
  let w = pixel % params.out_w + params.left;
  let place = h % params.block * params.block + w % params.block;
  let at = n * params.x_n + c * params.x_c + place * params.x_place;
  y[i] = x[at + h / params.block * params.x_h + w / params.block * params.x_w];
}
