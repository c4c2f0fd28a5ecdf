// quotient(x, s) = x / s rounded to the nearest float, ties to even, for s > 0; whole_quotient(x, s) = round of it.
// WGSL lets a device's own division be off by 2.5 ULP, which moves results that lie half way between integers.
struct Significand {
  bits: u32, // 2^23 <= bits < 2^24
  exponent: i32,
}

fn significand(v: f32) -> Significand {
  let magnitude = bitcast<u32>(v) & 0x7fffffffu;
  if (magnitude >= 0x00800000u) {
    return Significand((magnitude & 0x007fffffu) | 0x00800000u, i32(magnitude >> 23u));
  }
  let shift = countLeadingZeros(magnitude) - 8u;
  return Significand(magnitude << shift, 1 - i32(shift));
}

fn quotient(x: f32, s: f32) -> f32 {
  let near = x / s;
  if (!(abs(near) > 1e-30 && abs(near) < 1e30)) {
    return near;
  }
  let divisor = significand(s);
  var rest = significand(x);
  var exponent = rest.exponent - divisor.exponent;
  if (rest.bits < divisor.bits) {
    rest.bits <<= 1u;
    exponent -= 1;
  }
  // Long division: 24 bits and one more, which says how to round.
  var bits = 0u;
  for (var i = 0; i < 25; i++) {
    bits <<= 1u;
    if (rest.bits >= divisor.bits) {
      rest.bits -= divisor.bits;
      bits |= 1u;
    }
    rest.bits <<= 1u;
  }
  let up = (bits & 1u) != 0u && (rest.bits != 0u || (bits & 2u) != 0u);
  let magnitude = f32((bits >> 1u) + u32(up)) * bitcast<f32>(u32(exponent + 104) << 23u);
  return select(magnitude, -magnitude, near < 0);
}

fn whole_quotient(x: f32, s: f32) -> f32 {
  let near = x / s;
  // Only near the middle of two integers does the last bit tell.
  if (abs(near) < 131072 && abs(fract(abs(near)) - 0.5) <= abs(near) * 1e-6) {
    return round(quotient(x, s));
  }
  return round(near);
}
