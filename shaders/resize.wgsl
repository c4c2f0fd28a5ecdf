// y[o, r, m, c, i] = x at (taps of row r) x (taps of column c), blended by their weights
// x: [outer, x_rows, middle, x_columns, inner], y: [outer, y_rows, middle, y_columns, inner], row-major, inner in units
// of Elem. taps: y_rows entries for the rows, then y_columns for the columns.
struct Params {
  count: u32, // elements of y, in units of Elem
  x_rows: u32,
  y_rows: u32,
  middle: u32,
  x_columns: u32,
  y_columns: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> taps: array<Tap>;
@group(0) @binding(3) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

struct Tap {
  low: u32,
  high: u32, // equal to low where the weight is 0
  weight: f32, // of high
}

// `low` for nearest; a weighted sum for linear.
fn blend(low: Elem, high: Elem, weight: f32) -> Elem { return low; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let i = at % params.inner;
  var rest = at / params.inner;
  let column = taps[params.y_rows + rest % params.y_columns];
  rest /= params.y_columns;
  let m = rest % params.middle;
  rest /= params.middle;
  let row = taps[rest % params.y_rows];
  let o = rest / params.y_rows;
  let low_row = ((o * params.x_rows + row.low) * params.middle + m) * params.x_columns;
  let high_row = ((o * params.x_rows + row.high) * params.middle + m) * params.x_columns;
  let low_at = column.low * params.inner + i;
  let high_at = column.high * params.inner + i;
  let low = blend(x[low_row * params.inner + low_at], x[low_row * params.inner + high_at], column.weight);
  let high = blend(x[high_row * params.inner + low_at], x[high_row * params.inner + high_at], column.weight);
  y[at] = blend(low, high, row.weight);
}
