// mish_gate(v) = tanh(log(1 + e^v)) = n / (n + 2) with n = e^v (e^v + 2); 1 to the last bit beyond v = 20.
fn mish_gate(v: Elem) -> Elem {
  let e = exp(min(v, Elem(20)));
  let n = e * (e + Elem(2));
  return n / (n + Elem(2));
}
