// y[k] = epilogue(finish(combine over r of term(x[k, r]))): one invocation reduces for one Elem of y.
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
  block: u32, // terms combined before they join the total, which keeps rounding errors of sums small
  neutral: u32, // bits of the value that changes nothing
  divisor: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Load>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Scalar = f32;
alias Load = f32;
alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;

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
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let start = kept_offset(i);
  let neutral = Load(bitcast<Scalar>(params.neutral));
  var total = neutral;
  for (var row = 0u; row < params.rows; row++) {
    var at = start + row_offset(row);
    for (var first = 0u; first < params.inner; first += params.block) {
      var part = neutral;
      let terms = min(params.block, params.inner - first);
      for (var r = 0u; r < terms; r++) {
        part = combine(part, term(x[at]));
        at += params.inner_stride;
      }
      total = combine(total, part);
    }
  }
  y[i] = epilogue(finish(across(total)));
}
