// integer_power(a, b) = a^b, wrapping; a negative power truncates to 0 unless a is 1 or -1.
fn integer_power(a: Elem, b: B) -> Elem {
  if (b < B(0)) {
    let odd = (b & B(1)) == B(1);
    return select(Elem(0), select(a * a, a, odd), a * a == Elem(1) && (a == Elem(1) || a + Elem(1) == Elem(0)));
  }
  var result = Elem(1);
  var factor = a;
  for (var rest = u32(b); rest > 0u; rest >>= 1u) {
    if ((rest & 1u) == 1u) {
      result *= factor;
    }
    factor *= factor;
  }
  return result;
}
