// y[i] = x[i] / (bias + alpha * sum over j of x[j]^2)^beta, j from `before` channels before i to `after` channels after it
// x, y: any layout in which the channel is (i / stride) % channels; four neighbours are of one channel where Elem is vec4f.
struct Params {
  count: u32, // of y, in units of Elem
  stride: u32, // in units of Elem
  channels: u32,
  before: u32,
  after: u32,
  alpha: f32, // divided by the size of the window
  beta: f32,
  bias: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
alias Bits = u32;
override WORKGROUP_SIZE: u32 = 64;

// base^beta for base >= 0. NaN stays: exp2 and log2 may lose it.
fn power(base: Elem) -> Elem {
  let keep = (base == Elem(0)) | ((bitcast<Bits>(base) & Bits(0x7fffffff)) > Bits(0x7f800000));
  return select(exp2(params.beta * log2(base)), base, keep);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let c = (i / params.stride) % params.channels;
  let first = c - min(c, params.before);
  let last = min(c + params.after, params.channels - 1);
  let start = i - c * params.stride;
  var sum = Elem();
  for (var j = first; j <= last; j++) {
    let v = x[start + j * params.stride];
    sum += v * v;
  }
  y[i] = x[i] / power(params.bias + params.alpha * sum);
}
