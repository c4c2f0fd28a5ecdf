// log1p(u) = log(1 + u) = 2 artanh(u / (2 + u)), for u from 0 to 1.
fn log1p(u: Elem) -> Elem {
  let s = u / (Elem(2) + u);
  let q = s * s;
  let high = Elem(0.11111111) + q * (Elem(0.09090909) + q * Elem(0.07692308));
  let series = q * (Elem(0.33333334) + q * (Elem(0.2) + q * (Elem(0.14285715) + q * high)));
  return Elem(2) * (s + s * series);
}
