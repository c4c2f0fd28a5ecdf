// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n])
// a: rows of k4 vec4; b: 4 * k4 rows of n4 vec4, both padded with zeros; matrix z is at the batch offset (in vec4).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// A workgroup computes one row and 4 * COLUMNS columns: SLICES invocations share the sum of each vec4 of columns.
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
struct Params {
  m: u32,
  n: u32,
  n4: u32,
  k4: u32,
  count: u32, // workgroups in all
  bias_row: u32,
  bias_column: u32,
  alpha: f32,
  beta: f32,
  batch_rank: u32,
  batch_shape: array<vec4u, 2>, // innermost first
  a_batch: array<vec4u, 2>,
  b_batch: array<vec4u, 2>,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<Weight>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> extra_a: array<Out>;
@group(0) @binding(5) var<storage, read> extra_b: array<Out>;
@group(0) @binding(6) var<storage, read_write> y: array<Out>;

alias Elem = vec4f;
alias Weight = vec4f; // vec2u where four float16 are packed in it
alias Out = f32; // vec4f where N is a multiple of 4
const UNIT: u32 = 1; // scalars in an Out
const COLUMNS: u32 = 8;
const SLICES: u32 = 32; // a power of two
override HAS_BIAS: bool = false;

var<workgroup> partials: array<vec4f, COLUMNS * SLICES>;

fn weight(at: u32) -> vec4f { return b[at]; }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }
fn store(at: u32, left: u32, v: Elem) -> bool { y[at] = v.x; if (left > 1) { y[at + 1] = v.y; } if (left > 2) { y[at + 2] = v.z; } if (left > 3) { y[at + 3] = v.w; } return true; }

fn batch_offsets(z: u32) -> vec2u {
  var rest = z;
  var offsets = vec2u();
  for (var i = 0u; i < params.batch_rank; i++) {
    let extent = params.batch_shape[i / 4][i % 4];
    offsets += (rest % extent) * vec2u(params.a_batch[i / 4][i % 4], params.b_batch[i / 4][i % 4]);
    rest /= extent;
  }
  return offsets;
}

fn finish(z: u32, row: u32, column4: u32, sum: vec4f) {
  if (row >= params.m || column4 >= params.n4) {
    return;
  }
  let column = 4 * column4;
  var v = params.alpha * sum;
  if (HAS_BIAS) {
    let at = row * params.bias_row + column * params.bias_column;
    let step = params.bias_column;
    v += params.beta * vec4f(bias[at], bias[at + step], bias[at + 2 * step], bias[at + 3 * step]);
  }
  let at_y = (z * params.m + row) * params.n + column;
  store(at_y, params.n - column, epilogue(v, at_y / UNIT, column / UNIT));
}

@compute @workgroup_size(COLUMNS, SLICES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= params.count) {
    return;
  }
  // Workgroups that read the same columns of b are neighbours.
  let row = i % params.m;
  let blocks = (params.n4 + COLUMNS - 1) / COLUMNS;
  let column = ((i / params.m) % blocks) * COLUMNS + local.x;
  let z = i / (params.m * blocks);
  let start = batch_offsets(z);
  let row_a = start.x + row * params.k4;
  let column_b = start.y + min(column, params.n4 - 1);
  var sum = vec4f();
  for (var k = local.y; k < params.k4; k += SLICES) {
    let v = a[row_a + k];
    let at = column_b + 4 * k * params.n4;
    sum = fma(vec4f(v.x), weight(at), sum);
    sum = fma(vec4f(v.y), weight(at + params.n4), sum);
    sum = fma(vec4f(v.z), weight(at + 2 * params.n4), sum);
    sum = fma(vec4f(v.w), weight(at + 3 * params.n4), sum);
  }
  partials[lane] = sum;
  for (var width = SLICES / 2; width > 0; width /= 2) {
    workgroupBarrier();
    if (local.y < width) {
      partials[lane] += partials[lane + width * COLUMNS];
    }
  }
  if (local.y == 0) {
    finish(z, row, column, partials[lane]);
  }
}
