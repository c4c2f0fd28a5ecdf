// fmod(a, b) = a - b trunc(a / b), exactly: long division of the significands, one bit a step.
// NaN where a is infinite or b is 0; a where b is infinite. Subnormal numbers count as 0.
fn fmod(a: f32, b: f32) -> f32 {
  let sign = bitcast<u32>(a) & 0x80000000u;
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  if (x >= 0x7f800000u || y > 0x7f800000u || y < 0x00800000u) {
    return bitcast<f32>(0x7fc00000u | sign);
  }
  if (x < y) {
    return a;
  }
  let divisor = (y & 0x7fffffu) | 0x800000u;
  var exponent = y >> 23u;
  var rest = (x & 0x7fffffu) | 0x800000u;
  for (var step = x >> 23u; step > exponent; step--) {
    rest = select(rest, rest - divisor, rest >= divisor) << 1u;
  }
  rest = select(rest, rest - divisor, rest >= divisor);
  if (rest == 0u) {
    return bitcast<f32>(sign);
  }
  let shift = countLeadingZeros(rest) - 8u;
  if (shift >= exponent) {
    return bitcast<f32>(sign);
  }
  return bitcast<f32>(sign | ((exponent - shift) << 23u) | ((rest << shift) & 0x7fffffu));
}

// a - b floor(a / b): the remainder with the sign of b
fn floor_mod(a: f32, b: f32) -> f32 {
  let rest = fmod(a, b);
  return select(rest, rest + b, rest != 0.0 && (rest < 0.0) != (b < 0.0));
}
