// y[o, l, i] = exp(x[o, l, i] - max) / sum over l' of exp(x[o, l', i] - max), or its logarithm; max over l of x[o, l, i]
// x, y: row-major [outer, length, inner], inner in units of Elem. An invocation computes all l for one (o, i).
struct Params {
  count: u32, // outer * inner
  length: u32,
  inner: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Elem>;
@group(0) @binding(2) var<storage, read_write> y: array<Elem>;

alias Elem = f32; // vec4f where four neighbouring i are computed together
alias Bits = u32;
override WORKGROUP_SIZE: u32 = 64;
override LOGARITHM: bool = false;

// NaN stays: some compilers assume that there is none, so that only the bits tell.
fn larger(a: Elem, b: Elem) -> Elem {
  return select(a, b, (b > a) | ((bitcast<Bits>(b) & Bits(0x7fffffff)) > Bits(0x7f800000)));
}

// NaN in the place of a result whose maximum is infinite or NaN.
fn defined(v: Elem, most: Elem) -> Elem {
  let bits = bitcast<Bits>(most);
  return select(v, bitcast<Elem>(bits | Bits(0x7fc00000)), (bits & Bits(0x7f800000)) == Bits(0x7f800000));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let step = params.inner;
  let first = (i / step) * params.length * step + i % step;
  let end = first + params.length * step;
  var most = x[first];
  for (var at = first + step; at < end; at += step) {
    most = larger(most, x[at]);
  }
  var sum = Elem();
  for (var at = first; at < end; at += step) {
    sum += exp(x[at] - most);
  }
  if (LOGARITHM) {
    let shift = log(sum);
    for (var at = first; at < end; at += step) {
      y[at] = defined(x[at] - most - shift, most);
    }
  } else {
    for (var at = first; at < end; at += step) {
      y[at] = defined(exp(x[at] - most) / sum, most);
    }
  }
}
