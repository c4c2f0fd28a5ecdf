// arcsine(v), arccosine(v), arctangent(v): WGSL's own may be off by 6e-5. Minimax polynomials on the first half (Cephes);
// beyond it arcsine goes by the half angle, arctangent by its tangents. Outside of -1 to 1 the first two are NaN.
fn arcsine(v: Elem) -> Elem {
  let a = abs(v);
  let wide = a > Elem(0.5);
  let z = select(v * v, Elem(0.5) * (Elem(1) - a), wide);
  let s = select(a, sqrt(z), wide);
  let small = arcsine_series(s, z);
  return sign(v) * select(small, Elem(1.5707964) - Elem(2) * small, wide);
}

fn arccosine(v: Elem) -> Elem {
  let a = abs(v);
  let wide = a > Elem(0.5);
  let z = select(v * v, Elem(0.5) * (Elem(1) - a), wide);
  let small = arcsine_series(select(v, sqrt(z), wide), z);
  let far = select(Elem(2) * small, Elem(3.1415927) - Elem(2) * small, v < Elem(0));
  return select(Elem(1.5707964) - small, far, wide);
}

// arcsine of s, whose square is z, up to 0.5.
fn arcsine_series(s: Elem, z: Elem) -> Elem {
  let high = Elem(4.5470025998e-2) + z * (Elem(2.4181311049e-2) + z * Elem(4.2163199048e-2));
  return s + s * z * (Elem(1.6666752422e-1) + z * (Elem(7.4953002686e-2) + z * high));
}

fn arctangent(v: Elem) -> Elem {
  let a = min(abs(v), Elem(1e30));
  let far = a > Elem(2.4142137);
  let near = a <= Elem(0.41421357);
  let s = select(select((a - Elem(1)) / (a + Elem(1)), Elem(-1) / a, far), a, near);
  let z = s * s;
  let high = Elem(-1.38776856032e-1) + z * Elem(8.05374449538e-2);
  let series = s + s * z * (Elem(-3.33329491539e-1) + z * (Elem(1.99777106478e-1) + z * high));
  let base = select(select(Elem(0.78539816), Elem(1.5707964), far), Elem(0), near);
  return select(base + series, -base - series, v < Elem(0));
}
