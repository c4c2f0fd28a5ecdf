// y[0] = y[0] + amount
// y: one u32, which every dispatch reads and writes: none can start before the one ahead of it is done.
struct Params {
  amount: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(1)
fn main() {
  y[0] += params.amount;
}
