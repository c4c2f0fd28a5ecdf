// (y[u], y[v]) = (x[u] cos - x[v] sin, x[u] sin + x[v] cos) for each pair (u, v) of the first `turned` elements of a head
// x, y: [batch, heads, sequence, width], or [batch, sequence, heads, width] where HEADS_LAST; the rest is copied.
// cosines, sines: [rows, turned / 2]; positions: [batch, sequence], the row of each token, clamped into the range;
// without them the rows are [batch, sequence].
struct Params {
  count: u32, // elements of y
  heads: u32,
  sequence: u32,
  width: u32,
  turned: u32,
  rows: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> cosines: array<f32>;
@group(0) @binding(3) var<storage, read> sines: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<i32>;
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

override HEADS_LAST: bool = false;
override INTERLEAVED: bool = false;
override HAS_POSITIONS: bool = true;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let d = i % params.width;
  if (d >= params.turned) {
    y[i] = x[i];
    return;
  }
  let outer = i / params.width;
  let token_of_batch = select(outer % params.sequence, outer / params.heads % params.sequence, HEADS_LAST);
  let token = outer / params.heads / params.sequence * params.sequence + token_of_batch;
  var row = i32(token);
  if (HAS_POSITIONS) {
    let given = positions[token];
    row = clamp(select(given, given + params.rows, given < 0), 0, params.rows - 1);
  }
  let pairs = params.turned / 2u;
  let pair = select(d % pairs, d / 2u, INTERLEAVED);
  let is_second = select(d >= pairs, d % 2u == 1u, INTERLEAVED);
  let distance = select(pairs, 1u, INTERLEAVED);
  let cosine = cosines[u32(row) * pairs + pair];
  let sine = sines[u32(row) * pairs + pair];
  if (is_second) {
    y[i] = x[i - distance] * sine + x[i] * cosine;
  } else {
    y[i] = x[i] * cosine - x[i + distance] * sine;
  }
}
