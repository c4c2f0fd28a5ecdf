// values[o, r, i] = x[o, n, i], places[o, r, i] = n, r = how many of x[o, :, i] come before x[o, n, i]: kept where r < k
// x: [outer, extent, inner], values, places: [outer, k, inner], row-major. One invocation ranks one element of x.
struct Params {
  count: u32, // elements of x
  extent: u32,
  inner: u32,
  k: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> values: array<Elem>;
@group(0) @binding(3) var<storage, read_write> places: array<u32>;

alias Elem = f32;
override LARGEST: bool = true;
override WORKGROUP_SIZE: u32 = 64;

// Whole numbers in the order of the elements: both zeros are one, NaN is above all numbers.
fn ordinal(v: Elem) -> u32 { return float_ordinal(bitcast<u32>(v)); }

fn float_ordinal(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return 0xffffffffu;
  }
  return select(0x80000000u + magnitude, 0x80000000u - magnitude, bits > magnitude);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (at >= params.count) {
    return;
  }
  let i = at % params.inner;
  let n = at / params.inner % params.extent;
  let outer = at / params.inner / params.extent;
  let mine = ordinal(x[at]);
  var rank = 0u;
  for (var other = 0u; other < params.extent; other++) {
    let theirs = ordinal(x[(outer * params.extent + other) * params.inner + i]);
    let better = theirs != mine && (theirs > mine) == LARGEST;
    rank += u32(better || (theirs == mine && other < n));
    if (rank >= params.k) {
      return;
    }
  }
  let to = (outer * params.k + rank) * params.inner + i;
  values[to] = x[at];
  places[to] = n;
}
