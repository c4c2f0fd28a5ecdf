// whole(v) = v towards 0, or the whole number that v differs from by rounding errors alone
fn whole(v: f32) -> f32 {
  let nearest = round(v);
  return select(trunc(v), nearest, abs(v - nearest) <= 1e-5 * abs(nearest));
}
