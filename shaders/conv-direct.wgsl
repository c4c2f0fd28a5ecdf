// y[n, h, w, o] = epilogue(bias[o] + sum over p, q, i of x[n, h', w', i] * weight[o, i, p, q]); a window of any size.
// In groups, whose outputs fill blocks, i runs over the inputs of the group of o.
// h' = h * stride_h - pad_h + p * dilation_h, w' alike; outside of x it adds nothing.
// Four invocations, a workgroup, hold 16 outputs: four each, for 8 columns of a row. Each loads the inputs of every fourth column
// and hands them to the others: the loads, not the sums, are what a CPU adapter spends its time on.
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides;
// bias: [outputs].
// weight: [blocks of 16 outputs, kernel_h, kernel_w, quads of inputs, invocation]; a matrix holds a column of four inputs for each of
// four outputs.
enable subgroups;
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  inputs: u32, // of a group
  outputs: u32, // in Elems
  quads: u32, // vec4s that inputs fill, the last one in part
  blocks: u32,
  group_blocks: u32, // of a group
  in_h: u32,
  in_w: u32,
  out_w: u32,
  x_n: u32, // strides of x in InputElems
  x_group: u32, // between groups
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

// y at the column of the row that begins at `row`, for the four outputs of this invocation.
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

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let block = group.x % params.blocks;
  let left = (group.x / params.blocks) * 8u;
  let quad = block * 4u + lane;
  var a0 = vec4f(0);
  if (HAS_BIAS) {
    a0 = load_bias(quad);
  }
  var a1 = a0;
  var a2 = a0;
  var a3 = a0;
  var a4 = a0;
  var a5 = a0;
  var a6 = a0;
  var a7 = a0;
  let image = group.z * params.x_n + (block / params.group_blocks) * params.x_group;
  var at_weight = block * params.kernel_h * params.kernel_w * params.quads * 4u + lane;
  var p = 0u;
  loop {
    // Rows and columns before the first wrap around to numbers beyond the last.
    let h = group.y * params.stride_h + p * params.dilation_h - params.pad_h;
    if (h >= params.in_h) {
      at_weight += params.kernel_w * params.quads * 4u;
      continue;
    }
    let row = image + h * params.x_h;
    var q = 0u;
    loop {
      let w0 = (left + lane) * params.stride_w + q * params.dilation_w - params.pad_w;
      let w1 = w0 + 4u * params.stride_w;
      let at0 = row + min(w0, params.in_w - 1u) * params.x_w;
      let at1 = row + min(w1, params.in_w - 1u) * params.x_w;
      var k = 0u;
      loop {
        let m = weights_at(at_weight);
        at_weight += 4u;
        let v0 = select(vec4f(0), load(at0, k), w0 < params.in_w);
        let v1 = select(vec4f(0), load(at1, k), w1 < params.in_w);
        a0 += quadBroadcast(v0, 0u) * m;
        a1 += quadBroadcast(v0, 1u) * m;
        a2 += quadBroadcast(v0, 2u) * m;
        a3 += quadBroadcast(v0, 3u) * m;
        a4 += quadBroadcast(v1, 0u) * m;
        a5 += quadBroadcast(v1, 1u) * m;
        a6 += quadBroadcast(v1, 2u) * m;
        a7 += quadBroadcast(v1, 3u) * m;
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
  let first = group.z * params.y_n + group.y * params.y_h;
  // One copy of the code that stores, for all sums: it takes longer to compile than to run.
  var sums = array(a0, a1, a2, a3, a4, a5, a6, a7);
  for (var j = 0u; j < 8u; j++) {
    store(first, left + j, quad, sums[j]);
  }
}
