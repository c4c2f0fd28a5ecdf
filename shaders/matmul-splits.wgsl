// y[z, m, n] = epilogue(alpha * sum over s of x[s, z, m, n] + beta * bias[m, n])
// x: the sums over each split of k, [splits, Z, M, N]; bias: the element at (m, n) is at m * bias_row + n * bias_column.
// y: row-major [Z, M, N]. extra_a, extra_b: what the epilogue reads beside y: [y] element by element, [n] a column, or [1].
struct Params {
  count: u32, // of y, in Elems
  splits: u32,
  m: u32,
  n: u32, // in Elems
  bias_row: u32,
  bias_column: u32,
  alpha: f32,
  beta: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(4) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(5) var<storage, read_write> y: array<Elem>;

alias Elem = f32; // vec4f where N is a multiple of 4
override HAS_BIAS: bool = false;
override WORKGROUP_SIZE: u32 = 64;

fn load_bias(row: u32, column: u32) -> Elem { return bias[row + column * params.bias_column]; }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var sum = x[i];
  for (var s = 1u; s < params.splits; s++) {
    sum += x[s * params.count + i];
  }
  var v = params.alpha * sum;
  let column = i % params.n;
  if (HAS_BIAS) {
    let row = (i / params.n) % params.m;
    v += params.beta * load_bias(row * params.bias_row, column);
  }
  y[i] = epilogue(v, i, column);
}
