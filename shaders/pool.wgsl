// y[n, c, oh, ow] = epilogue(finish(combine over kh, kw of x[n, c, oh*stride - pad + kh*dilation, ow*...], taps))
// x: the element at (n, c, h, w) is at n*n_stride + c*c_stride + h*h_stride + w*w_stride.
// y: row-major [N, OH, OW, C] where CHANNELS_LAST (vec4 of channels), else [N, C, OH, OW].
// Channels and strides are in units of Elem; padding takes no part in combine.
struct Params {
  count: u32, // of y, in units of Elem
  channels: u32,
  out_height: u32,
  out_width: u32,
  in_height: i32,
  in_width: i32,
  n_stride: u32,
  c_stride: u32,
  h_stride: u32,
  w_stride: u32,
  kernel_height: i32,
  kernel_width: i32,
  stride_height: i32,
  stride_width: i32,
  dilation_height: i32,
  dilation_width: i32,
  pad_top: i32,
  pad_left: i32,
  counted_top: i32, // taps count from here to counted_bottom: over the input, or with its padding
  counted_left: i32,
  counted_bottom: i32,
  counted_right: i32,
  neutral: u32, // bits of the value that changes nothing
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Scalar = f32;
alias Elem = f32;
override CHANNELS_LAST: bool = false;
override INSIDE: bool = false; // every window lies within x
override WORKGROUP_SIZE: u32 = 64;

fn combine(a: Elem, b: Elem) -> Elem { return a + b; }
fn finish(v: Elem, taps: f32) -> Elem { return v / taps; }
fn epilogue(v: Elem) -> Elem { return v; }

// Where every window lies within x: all of its taps, the first at `at`.
fn window(at: u32) -> Elem { return x[at]; }

// The first tap k with start + k*dilation >= edge.
fn first_tap(start: i32, edge: i32, dilation: i32) -> i32 { return max(0, (edge - start + dilation - 1) / dilation); }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  // Divisions take a CPU adapter longer than taps.
  let inner = select(params.out_width, params.channels, CHANNELS_LAST);
  let middle = select(params.out_height, params.out_width, CHANNELS_LAST);
  let outer = select(params.channels, params.out_height, CHANNELS_LAST);
  let row_of_y = i / inner;
  let block = row_of_y / middle;
  let n = block / outer;
  let place = vec3u(i - row_of_y * inner, row_of_y - block * middle, block - n * outer);
  let c = select(place.z, place.x, CHANNELS_LAST);
  let ow = select(place.x, place.y, CHANNELS_LAST);
  let oh = select(place.y, place.z, CHANNELS_LAST);
  let plane = n * params.n_stride + c * params.c_stride;
  if (INSIDE) {
    let at = plane + oh * u32(params.stride_height) * params.h_stride + ow * u32(params.stride_width) * params.w_stride;
    y[i] = epilogue(finish(window(at), f32(params.kernel_height * params.kernel_width)));
    return;
  }
  let top = i32(oh) * params.stride_height - params.pad_top;
  let left = i32(ow) * params.stride_width - params.pad_left;
  let kh_begin = first_tap(top, 0, params.dilation_height);
  let kw_begin = first_tap(left, 0, params.dilation_width);
  let kh_end = min(params.kernel_height, first_tap(top, params.in_height, params.dilation_height));
  let kw_end = min(params.kernel_width, first_tap(left, params.in_width, params.dilation_width));
  var v = Elem(bitcast<Scalar>(params.neutral));
  for (var kh = kh_begin; kh < kh_end; kh++) {
    let row = plane + u32(top + kh * params.dilation_height) * params.h_stride;
    for (var kw = kw_begin; kw < kw_end; kw++) {
      v = combine(v, x[row + u32(left + kw * params.dilation_width) * params.w_stride]);
    }
  }
  let rows = min(params.kernel_height, first_tap(top, params.counted_bottom, params.dilation_height))
    - first_tap(top, params.counted_top, params.dilation_height);
  let columns = min(params.kernel_width, first_tap(left, params.counted_right, params.dilation_width))
    - first_tap(left, params.counted_left, params.dilation_width);
  y[i] = epilogue(finish(v, f32(rows) * f32(columns)));
}
