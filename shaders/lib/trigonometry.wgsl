// sine(v), cosine(v), tangent(v): WGSL's own sin and cos may be off by 2^-11. Cody-Waite reduction by multiples of pi/2,
// then minimax polynomials on [-pi/4, pi/4]; the error grows with |v| and reaches 1e-5 at about 10,000.
fn sine(v: Elem) -> Elem {
  let n = round(v * Elem(0.63661975));
  return quarter_turns(v, n, n);
}

fn cosine(v: Elem) -> Elem {
  let n = round(v * Elem(0.63661975));
  return quarter_turns(v, n, n + Elem(1));
}

// sin of (v - n pi/2) after as many quarter turns.
fn quarter_turns(v: Elem, n: Elem, turns: Elem) -> Elem {
  // The parts of pi/2 are short enough for their products with n to be exact.
  let r = ((v - n * Elem(1.5703125)) - n * Elem(4.837512969970703125e-4)) - n * Elem(7.54978995489188216e-8);
  let q = r * r;
  let s = r + r * q * (Elem(-0.16666654611) + q * (Elem(8.3321608736e-3) + q * Elem(-1.9515295891e-4)));
  let cubic = Elem(4.166664568298827e-2) + q * (Elem(-1.388731625493765e-3) + q * Elem(2.443315711809948e-5));
  let c = Elem(1) - Elem(0.5) * q + q * q * cubic;
  let quadrant = turns - Elem(4) * floor(turns * Elem(0.25));
  let odd = (quadrant == Elem(1)) | (quadrant == Elem(3));
  let value = select(s, c, odd);
  return select(value, -value, quadrant >= Elem(2));
}

fn tangent(v: Elem) -> Elem {
  let n = round(v * Elem(0.63661975));
  let r = ((v - n * Elem(1.5703125)) - n * Elem(4.837512969970703125e-4)) - n * Elem(7.54978995489188216e-8);
  let q = r * r;
  let high = Elem(2.44301354525e-2) + q * (Elem(3.11992232697e-3) + q * Elem(9.38540185543e-3));
  let t = r + r * q * (Elem(3.33331568548e-1) + q * (Elem(1.33387994085e-1) + q * (Elem(5.34112807005e-2) + q * high)));
  let odd = n - Elem(2) * floor(n * Elem(0.5)) == Elem(1);
  return select(t, Elem(-1) / t, odd);
}
