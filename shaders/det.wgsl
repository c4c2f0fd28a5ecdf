// y[m] = the determinant of x[m]: the product of the pivots of Gaussian elimination, the largest of each column first
// x: [count, n, n], row-major; work: as large, overwritten; y: [count].
struct Params {
  count: u32,
  n: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> work: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

override WORKGROUP_SIZE: u32 = 64;

// The row from `column` down with the largest element of that column.
fn pivot_row(first: u32, column: u32) -> u32 {
  var best = column;
  for (var row = column + 1u; row < params.n; row++) {
    if (abs(work[first + row * params.n + column]) > abs(work[first + best * params.n + column])) {
      best = row;
    }
  }
  return best;
}

fn swap_rows(first: u32, a: u32, b: u32) {
  for (var k = 0u; k < params.n; k++) {
    let v = work[first + a * params.n + k];
    work[first + a * params.n + k] = work[first + b * params.n + k];
    work[first + b * params.n + k] = v;
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let n = params.n;
  let first = i * n * n;
  for (var k = 0u; k < n * n; k++) {
    work[first + k] = x[first + k];
  }
  var product = 1.0;
  for (var column = 0u; column < n; column++) {
    let row = pivot_row(first, column);
    if (row != column) {
      swap_rows(first, row, column);
      product = -product;
    }
    let pivot = work[first + column * n + column];
    product *= pivot;
    if (pivot == 0) {
      break;
    }
    for (var below = column + 1u; below < n; below++) {
      let factor = work[first + below * n + column] / pivot;
      for (var k = column + 1u; k < n; k++) {
        work[first + below * n + k] -= factor * work[first + column * n + k];
      }
    }
  }
  y[i] = product;
}
