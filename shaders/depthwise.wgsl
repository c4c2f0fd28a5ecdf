// y[n, h, w, c] = epilogue(bias[c] + sum over p, q of x[n, h', w', c] * weight[p, q, c]): every channel by itself.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// An invocation computes four columns of four channels.
// x: [N, in_h, in_w, channels] or [N, channels, in_h, in_w], by strides; y alike; weight: [kernel_h, kernel_w, quads] vec4s;
// bias: [channels].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  channels: u32, // in Elems
  quads: u32, // vec4s that channels fill, the last one in part
  tiles: u32, // of four columns, in a row of y
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_h: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
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
@group(0) @binding(1) var<storage, read> x: array<InputElem>;
@group(0) @binding(2) var<storage, read> weight: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where channels fill no vec4s or are no neighbours in y
alias Weight = vec4f; // or words of integers
alias InputElem = vec4f; // or in x
const PARTS = 1u; // Elems of four channels
const INPUT_PARTS = 1u; // InputElems of four channels
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> vec4f { return weight[at]; }
fn load_bias(quad: u32) -> vec4f { return bias[quad]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far columns and channels of y lie apart, and columns of x.
fn across(columns: u32) -> u32 { return columns * params.channels; }
fn along(channels: u32) -> u32 { return channels; }
fn across_x(columns: u32) -> u32 { return columns * params.channels; }

fn put(pixel: u32, channel: u32, v: Elem) {
  if (channel < params.channels) {
    let at = pixel + along(channel);
    y[at] = epilogue(v, at, channel);
  }
}

// Four neighbouring channels of x.
fn load4(at: u32) -> vec4f { return x[at]; }

// x at a column of the row that starts at `row`; columns before the first wrap around to numbers beyond the last.
fn load(row: u32, column: u32) -> vec4f {
  return select(vec4f(0), load4(row + across_x(column)), column < params.in_w);
}

// y at the column of the row that begins at `row`.
fn store(row: u32, column: u32, quad: u32, v: vec4f) {
  if (column < params.out_w) {
    let pixel = row + across(column);
    put(pixel, quad * PARTS, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, quad * PARTS + 1u, part(v, 1u));
      put(pixel, quad * PARTS + 2u, part(v, 2u));
      put(pixel, quad * PARTS + 3u, part(v, 3u));
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let quad = i % params.quads;
  let tile = i / params.quads;
  let left = (tile % params.tiles) * 4u;
  let row = tile / params.tiles;
  let n = row / params.out_h;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var p = 0u;
  loop {
    let h = (row % params.out_h) * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      continue;
    }
    let at = n * params.x_n + h * params.x_h + quad * INPUT_PARTS * params.x_c;
    var q = 0u;
    loop {
      let w = left * params.stride_w + q * params.dilation_w - params.pad_w;
      let m = weights_at((p * params.kernel_w + q) * params.quads + quad);
      a0 += load(at, w) * m;
      a1 += load(at, w + params.stride_w) * m;
      a2 += load(at, w + 2u * params.stride_w) * m;
      a3 += load(at, w + 3u * params.stride_w) * m;
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
  let first = n * params.y_n + (row % params.out_h) * params.y_h;
  store(first, left, quad, a0);
  store(first, left + 1u, quad, a1);
  store(first, left + 2u, quad, a2);
  store(first, left + 3u, quad, a3);
}
