// expm1(v) = exp(v) - 1, without cancellation near 0.
fn expm1(v: Elem) -> Elem {
  let high = Elem(0.0013888889) + v * (Elem(0.0001984127) + v * Elem(0.000024801587));
  let low = v * (Elem(0.16666667) + v * (Elem(0.041666668) + v * (Elem(0.008333334) + v * high)));
  return select(exp(v) - Elem(1), v + v * v * (Elem(0.5) + low), abs(v) < Elem(0.5));
}
