// power(a, b) = a^b with the special cases of IEEE 754 pow; WGSL's own is undefined for a < 0 and coarse elsewhere.
// The relative error grows with |b log2 a|: about 3e-7 for small exponents, 1e-5 towards overflow.
fn power(a: f32, b: f32) -> f32 {
  if (b == 0.0 || a == 1.0) {
    return 1.0;
  }
  if (is_nan(a) || is_nan(b)) {
    return a + b;
  }
  let whole = floor(b) == b;
  if (whole && abs(b) <= 64.0) {
    return whole_power(a, b);
  }
  let infinite = 0x7f800000u;
  let base = abs(a);
  if (bitcast<u32>(base) == infinite || base == 0.0 || bitcast<u32>(abs(b)) == infinite) {
    if (base == 1.0) {
      return 1.0;
    }
    let grows = (base > 1.0) == (b > 0.0);
    let limit = select(0.0, bitcast<f32>(infinite), grows);
    return select(limit, -limit, a < 0.0 && is_odd(b));
  }
  if (a < 0.0 && !whole) {
    return sqrt(a);
  }
  let magnitude = positive_power(base, b);
  return select(magnitude, -magnitude, a < 0.0 && is_odd(b));
}

fn is_nan(v: f32) -> bool {
  return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u;
}

// Whole numbers from 2^24 on are even.
fn is_odd(b: f32) -> bool {
  return abs(b) < 16777216.0 && floor(b) == b && floor(b * 0.5) != b * 0.5;
}

fn whole_power(a: f32, b: f32) -> f32 {
  var result = 1.0;
  var factor = a;
  for (var rest = u32(abs(b)); rest > 0u; rest >>= 1u) {
    if ((rest & 1u) == 1u) {
      result *= factor;
    }
    factor *= factor;
  }
  return select(result, 1.0 / result, b < 0.0);
}

// a^b = 2^(b e + b log2 f) for a = 2^e f, finite and above 0, with f from sqrt(1/2) to sqrt(2).
fn positive_power(a: f32, b: f32) -> f32 {
  var e = i32(bitcast<u32>(a) >> 23u) - 127;
  var f = bitcast<f32>((bitcast<u32>(a) & 0x7fffffu) | 0x3f800000u);
  if (f > 1.4142135) {
    f *= 0.5;
    e += 1;
  }
  let s = (f - 1.0) / (f + 1.0);
  let q = s * s;
  let series = 0.96179669 + q * (0.57707802 + q * (0.41219858 + q * 0.3205989));
  let log2_f = s * (2.8853901 + q * series);
  // The high part of b is short enough for its product with e to be exact.
  let high = bitcast<f32>(bitcast<u32>(b) & 0xfffff000u);
  let exact = high * f32(e);
  let rest = (b - high) * f32(e) + b * log2_f;
  let n = clamp(round(exact + rest), -252.0, 254.0);
  let half = i32(n) / 2;
  return exp2(clamp((exact - n) + rest, -200.0, 200.0)) * power_of_two(half) * power_of_two(i32(n) - half);
}

fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(n + 127) << 23u);
}
