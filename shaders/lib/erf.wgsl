// erf(v), the error function: its series below 0.5, beyond that Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7).
fn erf(v: Elem) -> Elem {
  let q = v * v;
  let high = Elem(-0.026866172) + q * (Elem(0.0052239775) + q * Elem(-0.0008548327));
  let near = v * (Elem(1.1283792) + q * (Elem(-0.37612638) + q * (Elem(0.112837918) + q * high)));
  let a = abs(v);
  let t = Elem(1) / (Elem(1) + Elem(0.3275911) * a);
  let outer = Elem(1.421413741) + t * (Elem(-1.453152027) + t * Elem(1.061405429));
  let far = Elem(1) - t * (Elem(0.254829592) + t * (Elem(-0.284496736) + t * outer)) * exp(-q);
  return select(select(far, -far, v < Elem(0)), near, a < Elem(0.5));
}
