// y[..., t, ...] = x[..., lens[b] - 1 - t, ...] where t < lens[b], else x[..., t, ...], b along the batch axis
// x, y: the same shape, row-major, of any 32-bit words; lens: one for each place along the batch axis.
struct Params {
  count: u32,
  batch: u32,
  batch_stride: u32,
  time: u32,
  time_stride: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> lens: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let t = i / params.time_stride % params.time;
  let length = u32(clamp(lens[i / params.batch_stride % params.batch], 0, i32(params.time)));
  let source = select(t, length - 1u - t, t < length);
  y[i] = x[i - t * params.time_stride + source * params.time_stride];
}
