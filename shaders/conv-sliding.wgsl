// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w + q - pad_w, i] * weight[o, i, p, q]), for up to four outputs.
// h' = h * stride_h - pad_h + p * dilation_h; the window moves by one along a row. Outside of x it adds nothing.
// An invocation computes 8 columns. The columns that it holds slide along the row of the window: each tap
// loads one.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [kernel_h, kernel_w, quads of inputs, 4]; the first of four matrices holds a column of four inputs for each of
// four outputs.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  tiles: u32, // of 8 columns, in a row of y
  inputs: u32,
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  in_h: u32,
  in_w: u32,
  out_h: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_h: u32,
  x_w: u32,
  x_c: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_c: u32,
  kernel_h: u32,
  kernel_w: u32,
  stride_h: u32,
  dilation_h: u32,
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
fn load_bias(quad: u32) -> vec4f { return bias[min(quad, params.outputs - 1u)]; }
fn part(v: vec4f, i: u32) -> Elem { return v; }

// How far columns and outputs of y lie apart.
fn across(columns: u32) -> u32 { return columns * params.outputs; }
fn along(outputs: u32) -> u32 { return outputs; }

fn put(pixel: u32, output: u32, v: Elem) {
  if (output < params.outputs) {
    let at = pixel + along(output);
    y[at] = epilogue(v, at, output);
  }
}

// y at the column of the row that begins at `row`.
fn store(row: u32, column: u32, v: vec4f) {
  if (column < params.out_w) {
    let pixel = row + across(column);
    put(pixel, 0u, part(v, 0u));
    if (PARTS == 4u) {
      put(pixel, 1u, part(v, 1u));
      put(pixel, 2u, part(v, 2u));
      put(pixel, 3u, part(v, 3u));
    }
  }
}

// Inputs at a column of the row that begins at `row`; columns before the first wrap around to numbers beyond the last.
fn load_column(row: u32, column: u32, k: u32) -> vec4f {
  let v = load(row + min(column, params.in_w - 1u) * params.x_w, k);
  return select(vec4f(0), v, column < params.in_w);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let left = (i % params.tiles) * 8u;
  let above = i / params.tiles;
  let h = above % params.out_h;
  let n = above / params.out_h;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(0u);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var a4 = a0;
  var a5 = a0;
  var a6 = a0;
  var a7 = a0;
  let first = left - params.pad_w;
  var p = 0u;
  loop {
    // Rows before the first wrap around to numbers beyond the last.
    let from_h = h * params.stride_h + p * params.dilation_h - params.pad_h;
    if (from_h >= params.in_h) {
      continue;
    }
    let row = n * params.x_n + from_h * params.x_h;
    var k = 0u;
    loop {
      var at_weight = (p * params.kernel_w * params.quads + k) * 4u;
      var v0 = vec4f(0);
      var v1 = load_column(row, first, k);
      var v2 = load_column(row, first + 1u, k);
      var v3 = load_column(row, first + 2u, k);
      var v4 = load_column(row, first + 3u, k);
      var v5 = load_column(row, first + 4u, k);
      var v6 = load_column(row, first + 5u, k);
      var v7 = load_column(row, first + 6u, k);
      var q = 0u;
      loop {
        let m = weights_at(at_weight);
        at_weight += params.quads * 4u;
        v0 = v1;
        v1 = v2;
        v2 = v3;
        v3 = v4;
        v4 = v5;
        v5 = v6;
        v6 = v7;
        v7 = load_column(row, first + 7u + q, k);
        a0 += v0 * m;
        a1 += v1 * m;
        a2 += v2 * m;
        a3 += v3 * m;
        a4 += v4 * m;
        a5 += v5 * m;
        a6 += v6 * m;
        a7 += v7 * m;
        continuing {
          q++;
          break if q >= params.kernel_w;
        }
      }
      continuing {
        k++;
        break if k >= params.quads;
      }
    }
    continuing {
      p++;
      break if p >= params.kernel_h;
    }
  }
  let at = n * params.y_n + h * params.y_h;
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(a0, a1, a2, a3, a4, a5, a6, a7);
  for (var j = 0u; j < 8u; j++) {
    store(at, left + j, sums[j]);
  }
}
