// v[i, j, tile, c] = sum over p, q of B[p, i] * x[n, 4 * th - pad_h + p, 4 * tw - pad_w + q, c] * B[q, j]: the input of Winograd's F(4x4, 3x3).
// x: [N, in_h, in_w, inputs] or [N, inputs, in_h, in_w], by strides, 0 outside; v: [6, 6, rows, channels].
// An invocation transforms the 6x6 pixels that 4x4 outputs see, of one Elem of channels.
// B of the points 0, +-sqrt(1/2), +-sqrt(2) and infinity, which round less than whole numbers.
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

struct Six {
  a: Elem,
  b: Elem,
  c: Elem,
  d: Elem,
  e: Elem,
  f: Elem,
}

// x * B for a row of six.
fn transform(r: Six) -> Six {
  let even = r.e - 2.0 * r.c;
  let odd = 0.70710678 * r.d - 1.41421356 * r.b;
  let far_even = r.e - 0.5 * r.c;
  let far_odd = 1.41421356 * r.d - 0.70710678 * r.b;
  return Six(
    r.a + (r.e - 2.5 * r.c),
    even + odd,
    even - odd,
    far_even + far_odd,
    far_even - far_odd,
    r.b + (r.f - 2.5 * r.d),
  );
}

// Columns of x from w on, times B; columns before the first wrap around to numbers beyond the last.
fn load_row(image: u32, h: u32, w: u32, known: bool) -> Six {
  let row = image + h * params.x_h;
  let inside = known && h < params.in_h;
  return transform(Six(
    load(row, w, inside),
    load(row, w + 1u, inside),
    load(row, w + 2u, inside),
    load(row, w + 3u, inside),
    load(row, w + 4u, inside),
    load(row, w + 5u, inside),
  ));
}

fn load(row: u32, w: u32, inside: bool) -> Elem {
  return select(Elem(0), x[row + w * params.x_w], inside && w < params.in_w);
}

// A column of v; `at` is its first element.
fn store(at: u32, column: Six) {
  let step = params.rows * params.channels;
  let c = transform(column);
  v[at] = c.a;
  v[at + 6u * step] = c.b;
  v[at + 12u * step] = c.c;
  v[at + 18u * step] = c.d;
  v[at + 24u * step] = c.e;
  v[at + 30u * step] = c.f;
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
  let h = (row % params.tiles_h) * 4u - params.pad_h;
  let w = (tile % params.tiles_w) * 4u - params.pad_w;
  let image = n * params.x_n + c * params.x_c;
  let known = c < params.inputs;
  let r0 = load_row(image, h, w, known);
  let r1 = load_row(image, h + 1u, w, known);
  let r2 = load_row(image, h + 2u, w, known);
  let r3 = load_row(image, h + 3u, w, known);
  let r4 = load_row(image, h + 4u, w, known);
  let r5 = load_row(image, h + 5u, w, known);
  let step = params.rows * params.channels;
  store(i, Six(r0.a, r1.a, r2.a, r3.a, r4.a, r5.a));
  store(i + step, Six(r0.b, r1.b, r2.b, r3.b, r4.b, r5.b));
  store(i + 2u * step, Six(r0.c, r1.c, r2.c, r3.c, r4.c, r5.c));
  store(i + 3u * step, Six(r0.d, r1.d, r2.d, r3.d, r4.d, r5.d));
  store(i + 4u * step, Six(r0.e, r1.e, r2.e, r3.e, r4.e, r5.e));
  store(i + 5u * step, Six(r0.f, r1.f, r2.f, r3.f, r4.f, r5.f));
}
