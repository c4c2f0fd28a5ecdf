// y[i] = convert(x[i])
// x, y: elements of one word each, in FromElems and ToElems of one or four.
struct Params {
  count: u32, // invocations
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<FromElem>;
@group(0) @binding(2) var<storage, read_write> y: array<ToElem>;

alias From = f32;
alias To = f32;
alias FromElem = f32;
alias ToElem = f32;
override WORKGROUP_SIZE: u32 = 64;
override PER: u32 = 1; // elements of an invocation: 1 or 4

fn convert(v: From) -> To { return v; }
fn convert_all(v: FromElem) -> ToElem { return convert(v); }

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

// The f32 of the nearest binary16, ties to even. WGSL's quantizeToF16 leaves rounding, subnormals and overflow open.
fn to_float16(v: f32) -> f32 {
  let bits = bitcast<u32>(v);
  let sign = bits & 0x80000000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return v;
  }
  if (magnitude < 0x38800000u) { // below 2^-14: a multiple of 2^-24
    let rounded = round(bitcast<f32>(magnitude) * 16777216) * 5.9604644775390625e-8;
    return bitcast<f32>(bitcast<u32>(rounded) | sign);
  }
  let rounded = (magnitude + 0xfffu + ((magnitude >> 13u) & 1u)) & 0xffffe000u;
  return bitcast<f32>(sign | select(rounded, 0x7f800000u, rounded >= 0x47800000u)); // 65536 and more
}

// Truncated toward zero into low <= result <= high, both exact as f32 or cut off below them; NaN becomes 0.
fn to_i32(v: f32, low: i32, high: i32) -> i32 {
  if (is_nan(v)) {
    return 0;
  }
  if (v <= f32(low)) {
    return low;
  }
  if (v >= f32(high)) {
    return high;
  }
  return i32(v);
}

fn to_u32(v: f32, high: u32) -> u32 {
  if (is_nan(v) || v <= 0) {
    return 0;
  }
  if (v >= f32(high)) {
    return high;
  }
  return u32(v);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let first = i * PER;
  let v = convert_all(x[first]);
  if (PER == 4u) {
    let v1 = convert_all(x[first + 1u]);
    let v2 = convert_all(x[first + 2u]);
    let v3 = convert_all(x[first + 3u]);
    y[first + 1u] = v1;
    y[first + 2u] = v2;
    y[first + 3u] = v3;
  }
  y[first] = v;
}
