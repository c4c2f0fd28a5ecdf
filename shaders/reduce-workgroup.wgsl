// y[k] = epilogue(finish(combine over r of term(x[k, r]))): one workgroup reduces for one Elem of y.
// x: the element at kept index k and reduced index (row, r) is at offset(k) + offset(row) + r * inner_stride.
// y: row-major over the kept extents.
// Extents and strides are in units of Load, innermost first. Load and Elem are vec4 where neighbouring outputs are
// reduced together; Load alone is vec4 where neighbouring terms of one output are.
struct Params {
  count: u32, // of y, in units of Elem
  rank: u32, // of the kept loops
  shape: array<vec4u, 2>,
  strides: array<vec4u, 2>,
  rows: u32,
  row_rank: u32,
  row_shape: array<vec4u, 2>,
  row_strides: array<vec4u, 2>,
  inner: u32,
  inner_stride: u32,
  block: u32, // terms an invocation combines before they join its total
  neutral: u32, // bits of the value that changes nothing
  divisor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Load>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Scalar = f32;
alias Load = f32;
alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64; // a power of two
const SUBGROUP: u32 = 1; // invocations that exchange registers

var<workgroup> partials: array<Load, WORKGROUP_SIZE>;

fn neighbour(v: Load, step: u32) -> Load { return v; }
fn term(v: Load) -> Load { return v; }
fn combine(a: Load, b: Load) -> Load { return a + b; }
fn across(v: Load) -> Elem { return v; }
fn finish(v: Elem) -> Elem { return v; }
fn epilogue(v: Elem) -> Elem { return v; }

fn kept_offset(i: u32) -> u32 {
  var rest = i;
  var offset = 0u;
  for (var k = 0u; k < params.rank; k++) {
    let extent = params.shape[k / 4u][k % 4u];
    offset += (rest % extent) * params.strides[k / 4u][k % 4u];
    rest /= extent;
  }
  return offset;
}

fn row_offset(row: u32) -> u32 {
  var rest = row;
  var offset = 0u;
  for (var k = 0u; k < params.row_rank; k++) {
    let extent = params.row_shape[k / 4u][k % 4u];
    offset += (rest % extent) * params.row_strides[k / 4u][k % 4u];
    rest /= extent;
  }
  return offset;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  if (i >= params.count) {
    return;
  }
  let start = kept_offset(i);
  let neutral = Load(bitcast<Scalar>(params.neutral));
  let terms = params.rows * params.inner;
  var total = neutral;
  for (var first = lane; first < terms; first += params.block * WORKGROUP_SIZE) {
    var part = neutral;
    let stop = min(first + params.block * WORKGROUP_SIZE, terms);
    for (var r = first; r < stop; r += WORKGROUP_SIZE) {
      let row = r / params.inner;
      let at = start + row_offset(row) + (r - row * params.inner) * params.inner_stride;
      part = combine(part, term(x[at]));
    }
    total = combine(total, part);
  }
  for (var step = 1u; step < SUBGROUP; step *= 2u) {
    total = combine(total, neighbour(total, step));
  }
  if (lane % SUBGROUP == 0u) {
    partials[lane / SUBGROUP] = total;
  }
  for (var width = WORKGROUP_SIZE / SUBGROUP / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      partials[lane] = combine(partials[lane], partials[lane + width]);
    }
  }
  if (lane == 0u) {
    y[i] = epilogue(finish(across(partials[0])));
  }
}
