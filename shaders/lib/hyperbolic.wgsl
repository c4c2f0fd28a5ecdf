// Hyperbolic functions and their inverses: series near 0, where exponentials and logarithms cancel (Cephes).
fn hyperbolic_sine(v: Elem) -> Elem {
  let a = abs(v);
  // The half exponent keeps the largest results from overflowing on the way.
  let half = exp(Elem(0.5) * a);
  let far = Elem(0.5) * half * half - Elem(0.5) / half / half;
  let z = v * v;
  let near = v + v * z * (Elem(1.66667160211e-1) + z * (Elem(8.33028376239e-3) + z * Elem(2.03721912945e-4)));
  return select(sign(v) * far, near, a < Elem(1));
}

fn hyperbolic_cosine(v: Elem) -> Elem {
  let half = exp(Elem(0.5) * abs(v));
  return Elem(0.5) * half * half + Elem(0.5) / half / half;
}

fn inverse_hyperbolic_sine(v: Elem) -> Elem {
  let a = abs(v);
  let huge = a > Elem(1e4);
  let far = log(select(a + sqrt(a * a + Elem(1)), a, huge)) + select(Elem(0), Elem(0.6931472), huge);
  let z = v * v;
  let high = Elem(7.4847586088e-2) + z * (Elem(-4.2699340972e-2) + z * Elem(2.0122003309e-2));
  return select(sign(v) * far, v + v * z * (Elem(-1.6666288134e-1) + z * high), a < Elem(0.5));
}

fn inverse_hyperbolic_cosine(v: Elem) -> Elem {
  let z = v - Elem(1);
  let huge = v > Elem(1e4);
  let far = log(select(v + sqrt(z * (v + Elem(1))), v, huge)) + select(Elem(0), Elem(0.6931472), huge);
  let high = Elem(2.6454905019e-2) + z * (Elem(-7.5272886713e-3) + z * Elem(1.7596881071e-3));
  return select(far, sqrt(z) * (Elem(1.4142135263) + z * (Elem(-1.1784741703e-1) + z * high)), z < Elem(0.5));
}

fn inverse_hyperbolic_tangent(v: Elem) -> Elem {
  let a = abs(v);
  // Some devices compute log(|v|): beyond 1 the root is NaN.
  let far = Elem(0.5) * log((Elem(1) + a) / (Elem(1) - a));
  let z = v * v;
  let high = Elem(1.46691431730e-1) + z * (Elem(8.24370301058e-2) + z * Elem(1.81740078349e-1));
  let near = v + v * z * (Elem(3.33337300303e-1) + z * (Elem(1.99782164500e-1) + z * high));
  return select(select(sign(v) * far, sqrt(Elem(1) - a), a > Elem(1)), near, a < Elem(0.5));
}
