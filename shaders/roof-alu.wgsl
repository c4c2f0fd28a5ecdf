// y[i] = sum over the chains k = 0..15 of s(k), where s(k) = (i mod 64 + k) / 64 at first and then steps times s(k) <- s(k) * a + b
// y: one f32 an invocation. 16 chains that do not wait for each other, 64 fused multiply-adds a turn of the loop.
struct Params {
  steps: u32, // turns of the loop: each is 4 steps of every chain
  a: f32,
  b: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

alias Four = vec4f;

fn four_steps(s: Four, a: Four, b: Four) -> Four {
  return fma(fma(fma(fma(s, a, b), a, b), a, b), a, b);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = (Four(f32(id.x % 64u)) + Four(0.0, 1.0, 2.0, 3.0)) / 64.0;
  var s0 = first;
  var s1 = first + Four(4.0 / 64.0);
  var s2 = first + Four(8.0 / 64.0);
  var s3 = first + Four(12.0 / 64.0);
  // Read once: a CPU adapter reads them anew wherever they stand.
  let a = Four(params.a);
  let b = Four(params.b);
  for (var turn = 0u; turn < params.steps; turn++) {
    s0 = four_steps(s0, a, b);
    s1 = four_steps(s1, a, b);
    s2 = four_steps(s2, a, b);
    s3 = four_steps(s3, a, b);
  }
  y[id.x] = dot(s0 + s1 + s2 + s3, Four(1.0));
}
