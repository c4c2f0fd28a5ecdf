// y[n, 4 * th + p, 4 * tw + q, o] = epilogue(bias[o] + sum over i, j of A[i, p] * m[i, j, tile, o] * A[j, q]): the output of Winograd's F(4x4, 3x3).
// m: [6, 6, rows, channels]; y: [N, out_h, out_w, outputs] or [N, outputs, out_h, out_w], by strides; bias: [outputs].
// An invocation computes 4x4 pixels of one Elem of outputs. A belongs to the points of the input's transform.
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
  c: Elem,
  d: Elem,
}

// A row of six times A.
fn transform(a: Elem, b: Elem, c: Elem, d: Elem, e: Elem, f: Elem) -> Row {
  let near = b + c;
  let far = d + e;
  let near_odd = b - c;
  let far_odd = d - e;
  return Row(
    a + near + far,
    0.70710678 * near_odd + 1.41421356 * far_odd,
    0.5 * near + 2.0 * far,
    0.35355339 * near_odd + 2.82842712 * far_odd + f,
  );
}

// The outputs' columns in row i of m, of which neighbours are `step` apart.
fn load_row(at: u32, step: u32) -> Row {
  return transform(m[at], m[at + step], m[at + 2u * step], m[at + 3u * step], m[at + 4u * step], m[at + 5u * step]);
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
  let h = (row % params.tiles_h) * 4u;
  let w = ((params.first + tile) % params.tiles_w) * 4u;
  let at = tile * params.channels + c;
  let step = params.rows * params.channels;
  let r0 = load_row(at, step);
  let r1 = load_row(at + 6u * step, step);
  let r2 = load_row(at + 12u * step, step);
  let r3 = load_row(at + 18u * step, step);
  let r4 = load_row(at + 24u * step, step);
  let r5 = load_row(at + 30u * step, step);
  let c0 = transform(r0.a, r1.a, r2.a, r3.a, r4.a, r5.a);
  let c1 = transform(r0.b, r1.b, r2.b, r3.b, r4.b, r5.b);
  let c2 = transform(r0.c, r1.c, r2.c, r3.c, r4.c, r5.c);
  let c3 = transform(r0.d, r1.d, r2.d, r3.d, r4.d, r5.d);
  var b = Elem(0);
  if (HAS_BIAS) {
    b = bias[c];
  }
  let plane = n * params.y_n + c * params.y_c;
  // One copy of the code that stores, for all pixels: it takes longer to compile than to run.
  var pixels = array(
    c0.a, c1.a, c2.a, c3.a,
    c0.b, c1.b, c2.b, c3.b,
    c0.c, c1.c, c2.c, c3.c,
    c0.d, c1.d, c2.d, c3.d,
  );
  for (var j = 0u; j < 16u; j++) {
    let row_h = h + (j >> 2u);
    let column = w + (j & 3u);
    if (row_h < params.out_h && column < params.out_w) {
      let to = plane + row_h * params.y_h + column * params.y_w;
      y[to] = epilogue(b + pixels[j], to, c);
    }
  }
}
