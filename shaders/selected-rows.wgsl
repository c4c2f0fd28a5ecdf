// y[r] = [image, class, box] of the r-th chosen box, group after group; zeros behind the last; total = how many there are
// chosen: [groups, most]; counts: of each group; y: [groups * most, 3]; total: [1]. A group is a class of an image.
struct Params {
  count: u32, // groups * most
  classes: u32,
  most: u32,
  groups: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> chosen: array<u32>;
@group(0) @binding(2) var<storage, read> counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<storage, read_write> total: array<u32>;

override WORKGROUP_SIZE: u32 = 64;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= max(1u, params.count)) {
    return;
  }
  let g = i / max(1u, params.most);
  var before = 0u;
  var all = 0u;
  for (var other = 0u; other < params.groups; other++) {
    before += select(0u, counts[other], other < g);
    all += counts[other];
  }
  if (i == 0u) {
    total[0] = all;
  }
  if (i >= params.count) {
    return;
  }
  if (i >= all) {
    y[i * 3u] = 0u;
    y[i * 3u + 1u] = 0u;
    y[i * 3u + 2u] = 0u;
  }
  let k = i % params.most;
  if (k < counts[g]) {
    let row = (before + k) * 3u;
    y[row] = g / params.classes;
    y[row + 1u] = g % params.classes;
    y[row + 2u] = chosen[i];
  }
}
