// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w', g * inputs + i] * weight[o, i, p, q]), where g is the group of o,
// h' = h * stride_h - pad_h + p * dilation_h and w' likewise. Outside of x it adds nothing.
// An invocation computes four outputs of a group for 4 columns; groups have whole quads of outputs.
// x: [N, in_h, in_w, channels] or [N, channels, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by
// strides; bias: [outputs].
// weight: [quads of outputs, kernel_h, kernel_w, quads of inputs]; a matrix holds a column of four inputs for each of four outputs.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  tiles: u32, // of 4 columns, in a row of y
  inputs: u32, // of a group
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  output_quads: u32,
  group_quads: u32, // quads of outputs of a group
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_group: u32,
  x_h: u32,
  x_w: u32,
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

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours
alias Weight = mat4x4f; // or words of integers
alias InputElem = vec4f; // f32 where inputs fill no vec4s or are no neighbours
const PARTS = 1u; // Elems of four outputs
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn weights_at(at: u32) -> mat4x4f { return weight[at]; }
// Four inputs, after 4 * k, of the pixel at `at`; 0 beyond the last.
fn load(at: u32, k: u32) -> vec4f { return x[at + k]; }
fn load_bias(quad: u32) -> vec4f { return bias[quad]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far columns and outputs of y lie apart.
fn across(columns: u32) -> u32 { return columns * params.outputs; }
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  let at = pixel + along(output);
  y[at] = epilogue(v, at, output);
}

// y at the column of the row that begins at `row`, for the four outputs of a quad.
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
  let quad = i % params.output_quads;
  let tile = i / params.output_quads;
  let left = (tile % params.tiles) * 4u;
  let above = tile / params.tiles;
  let h = above % params.out_h;
  let n = above / params.out_h;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  let image = n * params.x_n + (quad / params.group_quads) * params.x_group;
  let last = params.in_w - 1u;
  var at_weight = quad * params.kernel_h * params.kernel_w * params.quads;
  var p = 0u;
  loop {
    // Rows before the first wrap around to numbers beyond the last.
    let from_h = h * params.stride_h + p * params.dilation_h - params.pad_h;
    if (from_h >= params.in_h) {
      at_weight += params.kernel_w * params.quads;
      continue;
    }
    let row = image + from_h * params.x_h;
    var q = 0u;
    loop {
      // So do columns.
      let w0 = left * params.stride_w + q * params.dilation_w - params.pad_w;
      let w1 = w0 + params.stride_w;
      let w2 = w1 + params.stride_w;
      let w3 = w2 + params.stride_w;
      let at0 = row + min(w0, last) * params.x_w;
      let at1 = row + min(w1, last) * params.x_w;
      let at2 = row + min(w2, last) * params.x_w;
      let at3 = row + min(w3, last) * params.x_w;
      var k = 0u;
      loop {
        let m = weights_at(at_weight);
        at_weight++;
        a0 += select(vec4f(0), load(at0, k), w0 <= last) * m;
        a1 += select(vec4f(0), load(at1, k), w1 <= last) * m;
        a2 += select(vec4f(0), load(at2, k), w2 <= last) * m;
        a3 += select(vec4f(0), load(at3, k), w3 <= last) * m;
        continuing {
          k++;
          break if k >= params.quads;
        }
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
  let at = n * params.y_n + h * params.y_h;
  store(at, left, quad, a0);
  store(at, left + 1u, quad, a1);
  store(at, left + 2u, quad, a2);
  store(at, left + 3u, quad, a3);
}
