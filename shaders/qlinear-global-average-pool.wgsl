// y[n, c] = saturate(round(factor * sum over p of (x[n, c, p] - x_zero)) + zero)
// x: the element at (n, c, p) is at n * x_n + c * x_c + p * x_p; y: row-major [N, C].
struct Params {
  count: u32, // elements of y
  channels: u32,
  positions: u32,
  x_n: u32,
  x_c: u32,
  x_p: u32,
  x_zero: i32,
  factor: f32,
  low: i32,
  high: i32,
  zero: i32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = u32;
override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  var at = i / params.channels * params.x_n + i % params.channels * params.x_c;
  var sum = 0;
  for (var p = 0u; p < params.positions; p++) {
    sum += i32(x[at]) - params.x_zero;
    at += params.x_p;
  }
  let steps = clamp(round(f32(sum) * params.factor), -1e6, 1e6);
  y[i] = Elem(clamp(i32(steps) + params.zero, params.low, params.high));
}
