// y[k, r] = epilogue((x[k, r] - mean[k]) * factor[k] * scale + bias): one workgroup normalises the elements of one k.
// x, y: the element at kept index k and reduced index (row, r) is at offset(k) + offset(row) + r * inner_stride.
// scale, bias: repeat through x: extent values, each for `repeat` neighbouring elements. means, factors: [kept].
// Extents, strides and offsets are in units of Load, innermost first. Load is vec4 where neighbouring elements are
// normalised together or (Stat too) where four neighbouring k are.
struct Params {
  count: u32, // kept indices, in units of Stat
  rank: u32,
  shape: array<vec4u, 2>,
  strides: array<vec4u, 2>,
  rows: u32,
  row_rank: u32,
  row_shape: array<vec4u, 2>,
  row_strides: array<vec4u, 2>,
  inner: u32,
  inner_stride: u32,
  block: u32, // terms an invocation adds up before they join its total
  terms: f32, // elements that are normalised together
  epsilon: f32,
  scale_repeat: u32,
  scale_extent: u32,
  bias_repeat: u32,
  bias_extent: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Load>;
@group(0) @binding(2) var<storage, read> scale: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Load>;
@group(0) @binding(5) var<storage, read_write> means: array<Stat>;
@group(0) @binding(6) var<storage, read_write> factors: array<Stat>;

alias Load = f32;
alias Stat = f32;
alias Elem = Load;
override WORKGROUP_SIZE: u32 = 64; // a power of two
const SUBGROUP: u32 = 1; // invocations that exchange registers
override CENTERED: bool = true; // without it the mean is taken for 0
override HAS_SCALE: bool = true;
override HAS_BIAS: bool = true;
override HAS_STATISTICS: bool = false;

var<workgroup> partials: array<Sums, WORKGROUP_SIZE>;

struct Sums {
  plain: Load,
  magnitudes: Load,
}

fn neighbour(v: Load, step: u32) -> Load { return v; }
fn magnitude(v: Load) -> Load { return v * v; }
fn across(v: Load) -> Stat { return v; }
fn factor_of(v: Stat) -> Stat { return inverseSqrt(v / params.terms + params.epsilon); }
fn scale_at(i: u32) -> Load { return scale[i / params.scale_repeat % params.scale_extent]; }
fn bias_at(i: u32) -> Load { return bias[i / params.bias_repeat % params.bias_extent]; }
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

fn position(start: u32, r: u32) -> u32 {
  let row = r / params.inner;
  return start + row_offset(row) + (r - row * params.inner) * params.inner_stride;
}

// Sums of v and magnitude(v) for v = x - center, the same in all invocations.
fn sums(lane: u32, start: u32, center: Load) -> Sums {
  let terms = params.rows * params.inner;
  var total = Sums(Load(0), Load(0));
  for (var first = lane; first < terms; first += params.block * WORKGROUP_SIZE) {
    var part = Sums(Load(0), Load(0));
    let stop = min(first + params.block * WORKGROUP_SIZE, terms);
    for (var r = first; r < stop; r += WORKGROUP_SIZE) {
      let v = x[position(start, r)] - center;
      part.plain += v;
      part.magnitudes += magnitude(v);
    }
    total.plain += part.plain;
    total.magnitudes += part.magnitudes;
  }
  for (var step = 1u; step < SUBGROUP; step *= 2u) {
    total.plain += neighbour(total.plain, step);
    total.magnitudes += neighbour(total.magnitudes, step);
  }
  if (lane % SUBGROUP == 0u) {
    partials[lane / SUBGROUP] = total;
  }
  for (var width = WORKGROUP_SIZE / SUBGROUP / 2u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (lane < width) {
      partials[lane].plain += partials[lane + width].plain;
      partials[lane].magnitudes += partials[lane + width].magnitudes;
    }
  }
  return workgroupUniformLoad(&partials[0]);
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
  var mean = Stat(0);
  if (CENTERED) {
    mean = across(sums(lane, start, Load(0)).plain) / params.terms;
  }
  let total = sums(lane, start, Load(mean));
  // What rounding left in the mean.
  var residue = Stat(0);
  if (CENTERED) {
    residue = across(total.plain) / params.terms;
  }
  let spread = across(total.magnitudes) - residue * residue * params.terms;
  let factor = factor_of(select(spread, Stat(0), spread < Stat(0)));
  for (var r = lane; r < params.rows * params.inner; r += WORKGROUP_SIZE) {
    let at = position(start, r);
    var v = (x[at] - Load(mean) - Load(residue)) * Load(factor);
    if (HAS_SCALE) {
      v *= scale_at(at);
    }
    if (HAS_BIAS) {
      v += bias_at(at);
    }
    y[at] = epilogue(v);
  }
  if (HAS_STATISTICS && lane == 0u) {
    means[i] = mean + residue;
    factors[i] = factor;
  }
}
