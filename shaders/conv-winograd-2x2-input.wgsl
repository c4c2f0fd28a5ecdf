// v[i, j, tile, c] = sum over p, q of B[p, i] * x[n, 2 * th - pad_h + p, 2 * tw - pad_w + q, c] * B[q, j]: the input of Winograd's F(2x2, 3x3).
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w], by strides, 0 outside; v: [4, 4, rows, channels].
// An invocation transforms the 4x4 pixels that 2x2 outputs see, of one Elem of channels.
// B of the points 0, +-1 and infinity.
struct Params {
  count: u32, // invocations
  channels: u32, // of a row of v, in Elems
  inputs: u32, // in Elems; v is 0 beyond
  first: u32, // tile of this launch
  rows: u32, // of a point, one a tile of this launch
  tiles_h: u32, // in an image
  tiles_w: u32,
  in_h: u32,
  in_w: u32,
  x_n: u32, // strides of x in Elems
  x_h: u32,
  x_w: u32,
  x_c: u32,
  pad_h: u32,
  pad_w: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> v: array<Elem>;

alias Elem = vec4f; // f32 where inputs fill no vec4s or are no neighbours, and on GPUs
override WORKGROUP_SIZE: u32 = 64;

struct Four {
  a: Elem,
  b: Elem,
  c: Elem,
  d: Elem,
}

// x * B for a row of four.
fn transform(r: Four) -> Four { return Four(r.a - r.c, r.b + r.c, r.c - r.b, r.b - r.d); }

// Columns of x from w on, times B; columns before the first wrap around to numbers beyond the last.
fn load_row(image: u32, h: u32, w: u32, known: bool) -> Four {
  let row = image + h * params.x_h;
  let inside = known && h < params.in_h;
  return transform(Four(
    load(row, w, inside),
    load(row, w + 1u, inside),
    load(row, w + 2u, inside),
    load(row, w + 3u, inside),
  ));
}

fn load(row: u32, w: u32, inside: bool) -> Elem {
  return select(Elem(0), x[row + w * params.x_w], inside && w < params.in_w);
}

// A column of v; `at` is its first element.
fn store(at: u32, column: Four) {
  let step = params.rows * params.channels;
  let c = transform(column);
  v[at] = c.a;
  v[at + 4u * step] = c.b;
  v[at + 8u * step] = c.c;
  v[at + 12u * step] = c.d;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let c = i % params.channels;
  let tile = params.first + i / params.channels;
  let row = tile / params.tiles_w;
  let n = row / params.tiles_h;
  let h = (row % params.tiles_h) * 2u - params.pad_h;
  let w = (tile % params.tiles_w) * 2u - params.pad_w;
  let image = n * params.x_n + c * params.x_c;
  let known = c < params.inputs;
  let r0 = load_row(image, h, w, known);
  let r1 = load_row(image, h + 1u, w, known);
  let r2 = load_row(image, h + 2u, w, known);
  let r3 = load_row(image, h + 3u, w, known);
  let step = params.rows * params.channels;
  store(i, Four(r0.a, r1.a, r2.a, r3.a));
  store(i + step, Four(r0.b, r1.b, r2.b, r3.b));
  store(i + 2u * step, Four(r0.c, r1.c, r2.c, r3.c));
  store(i + 3u * step, Four(r0.d, r1.d, r2.d, r3.d));
}
