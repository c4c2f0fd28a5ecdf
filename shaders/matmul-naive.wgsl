// y[z, m, n] = epilogue(alpha * sum over k of a[z, m, k] * b[z, k, n] + beta * bias[m, n]), for any strides and scalar.
// a: the element at (z, m, k) is at its batch offset + m * a_row + k * a_column; b alike with (k, n).
// bias: the element at (m, n) is at m * bias_row + n * bias_column. y: row-major [Z, M, N].
// extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] one a column, or [1].
struct Params {
  count: u32, // elements of y
  m: u32,
  n: u32,
  k: u32,
  a_row: u32,
  a_column: u32,
  b_row: u32,
  b_column: u32,
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
@group(0) @binding(1) var<storage, read> a: array<Elem>;
@group(0) @binding(2) var<storage, read> b: array<Elem>;
@group(0) @binding(3) var<storage, read> bias: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(5) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(6) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override HAS_BIAS: bool = false;

fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

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

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let column = i % params.n;
  let row = (i / params.n) % params.m;
  let start = batch_offsets(i / (params.n * params.m));
  var at_a = start.x + row * params.a_row;
  var at_b = start.y + column * params.b_column;
  var sum = Elem();
  for (var k = 0u; k < params.k; k++) {
    sum += a[at_a] * b[at_b];
    at_a += params.a_column;
    at_b += params.b_row;
  }
  var v = Elem(params.alpha) * sum;
  if (HAS_BIAS) {
    v += Elem(params.beta) * bias[row * params.bias_row + column * params.bias_column];
  }
  y[i] = epilogue(v, i, column);
}
