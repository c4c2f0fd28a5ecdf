// y[n, 2 * th + p, 2 * tw + q, o] = epilogue(bias[o] + sum over i, j of A[i, p] * m[i, j, tile, o] * A[j, q]): the output of Winograd's F(2x2, 3x3).
// m: [4, 4, rows, channels]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides; bias: [outputs].
// An invocation computes 2x2 pixels of one Elem of outputs. A belongs to the points of the input's transform.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [outputs] one a channel, or [1].
struct Params {
  count: u32, // invocations
  channels: u32, // of a row of m, in Elems
  outputs: u32, // in Elems
  first: u32, // tile of this launch
  rows: u32, // of a point, one a tile of this launch
  tiles_h: u32, // in an image
  tiles_w: u32,
  out_h: u32,
  out_w: u32,
  y_n: u32, // strides of y in Elems
  y_h: u32,
  y_w: u32,
  y_c: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> m: array<Elem>;
@group(0) @binding(2) var<storage, read> bias: array<Elem>;
@group(0) @binding(3) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(5) var<storage, read_write> y: array<Elem>;

alias Elem = vec4f; // f32 where outputs fill no vec4s or are no neighbours, and on GPUs
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = true;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

struct Row {
  a: Elem,
  b: Elem,
}

// A row of four times A.
fn transform(a: Elem, b: Elem, c: Elem, d: Elem) -> Row { return Row(a + b + c, b - c - d); }

// The outputs' columns in row i of m, of which neighbours are `step` apart.
fn load_row(at: u32, step: u32) -> Row {
  return transform(m[at], m[at + step], m[at + 2u * step], m[at + 3u * step]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let c = i % params.outputs;
  let tile = i / params.outputs;
  let row = (params.first + tile) / params.tiles_w;
  let n = row / params.tiles_h;
  let h = (row % params.tiles_h) * 2u;
  let w = ((params.first + tile) % params.tiles_w) * 2u;
  let at = tile * params.channels + c;
  let step = params.rows * params.channels;
  let r0 = load_row(at, step);
  let r1 = load_row(at + 4u * step, step);
  let r2 = load_row(at + 8u * step, step);
  let r3 = load_row(at + 12u * step, step);
  let c0 = transform(r0.a, r1.a, r2.a, r3.a);
  let c1 = transform(r0.b, r1.b, r2.b, r3.b);
  var b = Elem(0);
  if (HAS_BIAS) {
    b = bias[c];
  }
  let plane = n * params.y_n + c * params.y_c;
  // One copy of the code that stores, for all pixels: it takes longer to compile than to run.
  var pixels = array(
    c0.a, c1.a,
    c0.b, c1.b,
  );
  for (var j = 0u; j < 4u; j++) {
    let row_h = h + (j >> 1u);
    let column = w + (j & 1u);
    if (row_h < params.out_h && column < params.out_w) {
      let to = plane + row_h * params.y_h + column * params.y_w;
      y[to] = epilogue(b + pixels[j], to, c);
    }
  }
}
