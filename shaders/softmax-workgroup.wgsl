// y[o, l] = exp(x[o, l] - max) / sum over l' of exp(x[o, l'] - max), or its logarithm; max over l of x[o, l]
// x, y: row-major [outer, length], length in units of Elem. A workgroup computes one row.
struct Params {
  outer: u32,
  length: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32; // vec4f where the length is a multiple of 4
alias Bits = u32;
override WORKGROUP_SIZE: u32 = 64; // a power of two
const SUBGROUP: u32 = 1; // invocations that exchange registers
override LOGARITHM: bool = false;

var<workgroup> partials: array<Elem, WORKGROUP_SIZE>;

// NaN stays: some compilers assume that there is none, so that only the bits tell.
fn larger(a: Elem, b: Elem) -> Elem {
  return select(a, b, (b > a) | ((bitcast<Bits>(b) & Bits(0x7fffffff)) > Bits(0x7f800000)));
}

// NaN in the place of a result whose maximum is infinite or NaN.
fn defined(v: Elem, most: Elem) -> Elem {
  let bits = bitcast<Bits>(most);
  return select(v, bitcast<Elem>(bits | Bits(0x7fc00000)), (bits & Bits(0x7f800000)) == Bits(0x7f800000));
}

fn neighbour(v: Elem, step: u32) -> Elem { return v; }
// The largest and the sum of the lanes of a vector, in each lane.
fn largest(v: Elem) -> Elem { return v; }
fn total(v: Elem) -> Elem { return v; }

fn row_largest(lane: u32, v: Elem) -> Elem {
  var most = v;
  for (var step = 1u; step < SUBGROUP; step *= 2) {
    most = larger(most, neighbour(most, step));
  }
  if (lane % SUBGROUP == 0) {
    partials[lane / SUBGROUP] = most;
  }
  for (var width = WORKGROUP_SIZE / SUBGROUP / 2; width > 0; width /= 2) {
    workgroupBarrier();
    if (lane < width) {
      partials[lane] = larger(partials[lane], partials[lane + width]);
    }
  }
  workgroupBarrier();
  return largest(partials[0]);
}

fn row_total(lane: u32, v: Elem) -> Elem {
  workgroupBarrier();
  var sum = v;
  for (var step = 1u; step < SUBGROUP; step *= 2) {
    sum += neighbour(sum, step);
  }
  if (lane % SUBGROUP == 0) {
    partials[lane / SUBGROUP] = sum;
  }
  for (var width = WORKGROUP_SIZE / SUBGROUP / 2; width > 0; width /= 2) {
    workgroupBarrier();
    if (lane < width) {
      partials[lane] += partials[lane + width];
    }
  }
  workgroupBarrier();
  return total(partials[0]);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.x + group.y * groups.x;
  if (row >= params.outer) {
    return;
  }
  let first = row * params.length;
  let end = first + params.length;
  var most = x[first];
  for (var at = first + lane; at < end; at += WORKGROUP_SIZE) {
    most = larger(most, x[at]);
  }
  most = row_largest(lane, most);
  var sum = Elem();
  for (var at = first + lane; at < end; at += WORKGROUP_SIZE) {
    sum += exp(x[at] - most);
  }
  sum = row_total(lane, sum);
  let shift = log(sum);
  for (var at = first + lane; at < end; at += WORKGROUP_SIZE) {
    let v = x[at] - most;
    if (LOGARITHM) {
      y[at] = defined(v - shift, most);
    } else {
      y[at] = defined(exp(v) / sum, most);
    }
  }
}
