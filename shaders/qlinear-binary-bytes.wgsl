// y[i] = saturate(round(combine(table_a[a[i]], table_b[b[i]])) + zero), for the four bytes of each word
// a, b, y: words of four 8-bit integers, all of one shape. table_a, table_b: what each of the 256 values of a byte stands for.
struct Params {
  count: u32, // words
  low: i32,
  high: i32,
  zero: i32,
  factor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> table_a: array<f32>;
@group(0) @binding(4) var<storage, read> table_b: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

fn combine(v: vec4f, w: vec4f) -> vec4f { return v + w; }

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let p = (vec4u(a[i]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  let q = (vec4u(b[i]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  let v = vec4f(table_a[p.x], table_a[p.y], table_a[p.z], table_a[p.w]);
  let w = vec4f(table_b[q.x], table_b[q.y], table_b[q.z], table_b[q.w]);
  let whole = vec4i(clamp(round(combine(v, w)), vec4f(-1e6), vec4f(1e6)));
  let r = vec4u(clamp(whole + params.zero, vec4i(params.low), vec4i(params.high))) & vec4u(255u);
  y[i] = r.x | (r.y << 8u) | (r.z << 16u) | (r.w << 24u);
}
